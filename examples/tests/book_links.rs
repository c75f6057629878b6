//! What the pages name is there: files, headings, commands, tests, rules, limits and their numbers.

mod pages;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use pages::{Page, book, chapters, constants, docs, files, folders, pages, quantity, root, words};
use toycoin_core::Rule;

/// Widest line of prose.
const COLUMNS: usize = 100;

/// Longest chapter.
const CHAPTER_LINES: usize = 150;

/// Words that stand in a command's place for a name, and a file that readers make themselves.
const PLACEHOLDERS: [&str; 3] = ["NAME", "try", "examples/examples/try.rs"];

/// Names with underscores that other programs define, or files have.
const OTHERS: [&str; 4] = ["CODE_OF_CONDUCT", "RUSTC_BOOTSTRAP", "MAX_MONEY", "TOYCOIN_BROWSER"];

/// Words of the field, each of which the glossary explains.
const FIELD_WORDS: [&str; 25] = [
    "handshake",
    "rate limit",
    "token bucket",
    "UTXO set",
    "replace-by-fee",
    "CPFP",
    "package limit",
    "keepalive",
    "initial block download",
    "IBD",
    "gossip",
    "eviction",
    "orphan pool",
    "fork choice",
    "reorganisation",
    "reorg",
    "backoff",
    "checksum",
    "pruning",
    "insufficient funds",
    "confirmation",
    "coinbase maturity",
    "block template",
    "stale block",
    "mempool",
];

/// Fails with all that is wrong at once.
#[track_caller]
fn assert_none(wrong: &[String], what: &str) {
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading() {
    let mut wrong = Vec::new();
    for page in pages() {
        let text = page.joined();
        let inline = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let references = page.prose.iter().filter_map(|(_, line)| line.strip_prefix('[')?.split_once("]: "));
        for link in inline.chain(references.map(|(_, link)| link)) {
            let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
            if path.contains("://") {
                continue;
            }
            let folder = page.path.parent().expect("a page is in a folder");
            let target = if path.is_empty() { page.path.clone() } else { folder.join(path) };
            if !target.exists() {
                wrong.push(format!("{}: {link}", page.name()));
            } else if !fragment.is_empty() && !Page::read(target).headings().contains(fragment) {
                wrong.push(format!("{}: {link} has no such heading", page.name()));
            }
        }
    }
    assert_none(&wrong, "links to nowhere");
}

#[test]
fn every_named_source_path_exists() {
    let files = files();
    let folders = folders(&files);
    let tops = ["crates/", "examples/", "docs/", "fuzz/", "benches/", ".ci/"];
    let endings = [".rs", ".md", ".toml", ".json", "/"];
    let mut wrong = Vec::new();
    for page in pages() {
        for span in page.spans() {
            let is_path = span.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
            let is_named =
                tops.iter().any(|top| span.starts_with(top)) || endings.iter().any(|end| span.ends_with(end));
            let is_made_later = PLACEHOLDERS.contains(&span.as_str()) || span.contains("NAME");
            if !is_path || !is_named || span.len() < 4 || is_made_later {
                continue;
            }
            // a page may leave out the folders above
            let is_there = files.iter().chain(&folders).any(|path| path.ends_with(span.trim_end_matches('/')));
            if !is_there {
                wrong.push(format!("{}: {span}", page.name()));
            }
        }
    }
    assert_none(&wrong, "paths that are not there");
}

#[test]
fn every_command_names_what_exists() {
    let files = files();
    let has = |name: &str, folder: &str, of: &str| {
        let is_it = |file: &PathBuf| {
            let inside = file.to_string_lossy().contains(folder) && file.to_string_lossy().contains(of);
            inside && (file.ends_with(format!("{name}.rs")) || file.ends_with(format!("{name}/main.rs")))
        };
        files.iter().find(|file| is_it(file)).cloned()
    };
    let mut wrong = Vec::new();
    for page in pages().into_iter().chain(docs()) {
        for command in page.commands() {
            let words: Vec<_> = command.split_whitespace().collect();
            let after =
                |flag: &str| words.iter().position(|word| *word == flag).and_then(|at| words.get(at + 1).copied());
            let package = after("-p").unwrap_or_default();
            let of = match package {
                "toycoin-examples" => "examples/",
                "toycoin-benches" => "benches/",
                "toycoin-view-example" => "examples/view",
                "toycoin-wallet-example" => "examples/wallet",
                other => other,
            };
            for (flag, folder) in [("--example", "examples/"), ("--test", "tests/"), ("--bench", "benches/")] {
                let Some(name) = after(flag).filter(|name| !PLACEHOLDERS.contains(name)) else { continue };
                let Some(file) = has(name, folder, of) else {
                    wrong.push(format!("{}: {command}", page.name()));
                    continue;
                };
                // what follows the name of a test file chooses tests in it
                let at = words.iter().position(|word| *word == name).unwrap_or_default();
                let chosen = words.get(at + 1).filter(|word| flag == "--test" && !word.starts_with(['-', '#', '|']));
                let source = fs::read_to_string(root().join(&file)).expect("a source file");
                if let Some(chosen) = chosen.filter(|chosen| !names_a_test(&source, chosen)) {
                    // two crates may have a test file of one name
                    let others = files.iter().filter(|other| other.file_name() == file.file_name());
                    let mut sources = others.filter_map(|other| fs::read_to_string(root().join(other)).ok());
                    if !sources.any(|source| names_a_test(&source, chosen)) {
                        wrong.push(format!("{}: no test {chosen} in {command}", page.name()));
                    }
                }
            }
            if !package.is_empty() && !root().join("crates").join(package).exists() && of == package {
                wrong.push(format!("{}: no package {package} in {command}", page.name()));
            }
        }
    }
    assert_none(&wrong, "commands that do not work");
}

/// Returns whether a source has a function or a module of which this is a part of the name.
fn names_a_test(source: &str, part: &str) -> bool {
    let names = |word: &str| {
        let mut after = source.split(word).skip(1);
        after.any(|rest| rest.split(['(', ';', ' ']).next().is_some_and(|name| name.contains(part)))
    };
    names("fn ") || names("mod ")
}

#[test]
fn every_named_rule_exists_under_its_number() {
    let names: BTreeSet<_> = Rule::all().map(Rule::name).collect();
    let mut wrong = Vec::new();
    for page in pages().into_iter().chain(docs()) {
        for (at, _) in page.text.match_indices('R') {
            let (before, rest) = (&page.text[..at], &page.text[at + 1..]);
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let ends_a_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let begins_more = rest[digits.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
            let Some(number) = digits.parse().ok().filter(|_| digits.len() == 2 && !ends_a_word && !begins_more) else {
                continue;
            };
            let Some(rule) = Rule::from_number(number) else {
                wrong.push(format!("{}: there is no rule R{digits}", page.name()));
                continue;
            };
            // R29 `CoinbaseAmount`, R29, `CoinbaseAmount`, R29 (`CoinbaseAmount`)
            let behind = rest[digits.len()..].trim_start_matches([',', ' ', '(', '|', '\n']);
            let named = behind.strip_prefix('`').and_then(|span| span.split('`').next());
            if let Some(name) = named.filter(|name| names.contains(name) && *name != rule.name()) {
                wrong.push(format!("{}: {rule} is {}, not {name}", page.name(), rule.name()));
            }
        }
        for rest in page.text.split("Rule::").skip(1) {
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
            let is_variant = name.starts_with(|c: char| c.is_uppercase());
            if is_variant && !names.contains(name.as_str()) {
                wrong.push(format!("{}: there is no Rule::{name}", page.name()));
            }
        }
    }
    assert_none(&wrong, "rules that are not");
}

/// Limits of the pages: words like `MAX_LOCATOR`.
#[test]
fn every_named_limit_exists_in_the_source() {
    let words = words();
    let mut wrong = BTreeSet::new();
    for page in pages().into_iter().chain(docs()) {
        for word in page.text.split(|c: char| !c.is_alphanumeric() && c != '_') {
            let is_upper = word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
            let is_limit = is_upper && word.contains('_') && word.starts_with(|c: char| c.is_ascii_uppercase());
            if is_limit && !words.contains(word) && !OTHERS.contains(&word) {
                wrong.insert(format!("{}: {word}", page.name()));
            }
        }
    }
    assert_none(&wrong.into_iter().collect::<Vec<_>>(), "limits that are not in the source");
}

#[test]
fn every_name_in_the_book_exists_in_the_source() {
    let words = words();
    let mut wrong = BTreeSet::new();
    for page in book() {
        let spans = page.spans().into_iter().filter(|span| !span.contains('/') && !span.starts_with("cargo "));
        for span in spans {
            for word in span.split(|c: char| !c.is_alphanumeric() && c != '_') {
                // a name of the code, not a word of English
                let is_name = word.contains('_') || word.chars().skip(1).any(|c| c.is_uppercase());
                let is_tag = word.len() == 4 && word.chars().all(|c| c.is_ascii_uppercase());
                if is_name && !is_tag && word.len() > 3 && !words.contains(word) {
                    wrong.insert(format!("{}: {word}", page.name()));
                }
            }
        }
    }
    assert_none(&wrong.into_iter().collect::<Vec<_>>(), "names that are not in the source");
}

/// Rows of the book's tables that begin with a limit say what the source says.
#[test]
fn every_limit_in_a_table_has_its_number() {
    let folder = fs::read_dir(root().join("crates/toycoin-node/src/limits")).expect("a folder");
    let mut files: Vec<_> = folder.map(|entry| entry.expect("an entry").path()).collect();
    files.push(root().join("crates/toycoin-wire/src/limits.rs"));
    let sources = files.iter().map(|path| fs::read_to_string(path).expect("a source file"));
    let constants: BTreeMap<_, _> = sources.flat_map(|source| constants(&source)).collect();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for page in book() {
        for (_, line) in page.prose.iter().filter(|(_, line)| line.starts_with("| `")) {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let name = cells[1].trim_matches('`');
            let Some(value) = constants.get(name) else { continue };
            seen += 1;
            if cells.get(2).and_then(|cell| quantity(cell)) != Some(*value) {
                wrong.push(format!("{}: {name} is {value:?}, not {:?}", page.name(), cells.get(2)));
            }
        }
    }
    assert_none(&wrong, "numbers that are not those of the source");
    assert!(seen >= 15, "{seen} limits in tables");
}

#[test]
fn pages_are_wrapped_and_chapters_are_short() {
    let mut wrong = Vec::new();
    for page in book() {
        let is_table = |line: &str| line.starts_with('|');
        for (number, line) in page.prose.iter().filter(|(_, line)| !is_table(line)) {
            if line.chars().count() > COLUMNS {
                wrong.push(format!("{}:{number}: {} columns", page.name(), line.chars().count()));
            }
        }
        let code = page.fences.iter().filter(|(language, _)| language == "rust").flat_map(|(_, lines)| lines);
        let wide = code.filter(|line| line.chars().count() > COLUMNS);
        wrong.extend(wide.map(|line| format!("{}: wide code: {line}", page.name())));
    }
    for page in chapters() {
        let lines = page.text.lines().count();
        if lines > CHAPTER_LINES {
            wrong.push(format!("{}: {lines} lines", page.name()));
        }
    }
    assert_none(&wrong, "pages that are too wide or too long");
}

#[test]
fn every_page_says_for_whom_it_is_and_where_to_go_next() {
    let summary = Page::read(root().join("docs/book/src/SUMMARY.md")).text;
    for page in book().into_iter().filter(|page| !page.path.ends_with("SUMMARY.md")) {
        let name = page.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        assert!(summary.contains(&format!("({name})")), "{name} is not in the summary");
        let mut lines = page.text.lines().filter(|line| !line.is_empty());
        assert!(lines.next().is_some_and(|line| line.starts_with("# ")), "{name} has no title");
        assert!(lines.next().is_some_and(|line| line.starts_with("**For** ")), "{name} is for nobody");
        let last = page.prose.iter().rfind(|(_, line)| line.starts_with("## ")).map(|(_, line)| line.as_str());
        assert_eq!(last, Some("## Where to go next"), "{name}");
    }
}

#[test]
fn every_chapter_has_its_parts_one_command_and_a_solution() {
    let solutions = fs::read_to_string(root().join("examples/tests/book_exercises.rs")).expect("the solutions");
    let included = fs::read_to_string(root().join("examples/src/book.rs")).expect("the list of chapters");
    let chapters = chapters();
    assert_eq!(chapters.len(), 13);
    for (page, number) in chapters.iter().zip(1..) {
        let name = page.name();
        let sections: Vec<_> = page.prose.iter().filter_map(|(_, line)| line.strip_prefix("## ")).collect();
        let parts = ["The idea", "In code", "Run it", "Break it", "Exercise", "Open next", "Where to go next"];
        assert_eq!(sections, parts, "{name}");
        assert!(page.text.starts_with(&format!("# {number}. ")), "{name}");
        assert!(page.text.contains("**Afterwards you know**"), "{name}");

        let commands: Vec<_> = page.fences.iter().filter(|(language, _)| language == "sh").collect();
        assert!(matches!(commands.as_slice(), [(_, lines)] if lines.len() == 1), "{name}: one command");
        assert!(page.fences.iter().any(|(language, _)| language == "rust"), "{name}: code");

        let exercise = page.joined();
        let (_, exercise) = exercise.split_once("\n## Exercise\n").expect("an exercise");
        let solution = exercise.split("Solution: `").nth(1).and_then(|rest| rest.split('`').next());
        let solution = solution.unwrap_or_else(|| panic!("{name}: no solution is named"));
        assert!(solutions.contains(&format!("/// Chapter {number}: ")), "{name}");
        assert!(solutions.contains(&format!("fn {solution}()")), "{name}: {solution} is no test");

        let file = page.path.file_name().unwrap_or_default().to_string_lossy();
        assert!(included.contains(&format!("src/{file}")), "{name}: its programs are not compiled");
    }
}

/// "about 120 lines" behind a link is right to a quarter.
#[test]
fn files_to_open_next_are_about_as_long_as_said() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for page in book() {
        let text = page.joined().replace('\n', " ").replace("  ", " ");
        for rest in text.split("](").skip(1) {
            let Some((path, behind)) = rest.split_once(')') else { continue };
            let Some(said) = behind.strip_prefix(", about ").and_then(|said| said.split_once(" lines")) else {
                continue;
            };
            let said: usize = said.0.replace(',', "").parse().expect("a number of lines");
            let file = page.path.parent().expect("a folder").join(path);
            let lines = fs::read_to_string(&file).unwrap_or_default().lines().count();
            seen += 1;
            if lines.abs_diff(said) * 4 > lines {
                wrong.push(format!("{}: {path} has {lines} lines, not {said}", page.name()));
            }
        }
    }
    assert_none(&wrong, "numbers of lines");
    assert!(seen >= 12, "{seen} files to open");
}

#[test]
fn glossary_has_every_word_of_the_field() {
    let glossary = Page::read(root().join("docs/book/src/glossary.md")).text.to_lowercase();
    let missing = FIELD_WORDS.iter().filter(|word| !glossary.contains(&word.to_lowercase()));
    assert_none(&missing.map(|word| (*word).to_owned()).collect::<Vec<_>>(), "words that the glossary lacks");
}
