//! The pages of the workspace, taken apart, and what its sources name.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    path::{Path, PathBuf},
};

/// A page, without what stands between fences.
pub(crate) struct Page {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// Lines outside of fences, with their numbers from 1.
    pub(crate) prose: Vec<(usize, String)>,
    /// Fences: language, lines.
    pub(crate) fences: Vec<(String, Vec<String>)>,
}

impl Page {
    pub(crate) fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (mut prose, mut fences, mut open) = (Vec::new(), Vec::new(), None);
        for (line, number) in text.lines().zip(1..) {
            match (line.trim_start().strip_prefix("```"), &mut open) {
                (Some(language), None) => open = Some((language.to_owned(), Vec::new())),
                (Some(_), Some(_)) => fences.extend(open.take()),
                (None, Some((_, lines))) => lines.push(line.to_owned()),
                (None, None) => prose.push((number, line.to_owned())),
            }
        }
        assert!(open.is_none(), "{}: a fence that does not end", path.display());
        Self { path, text, prose, fences }
    }

    pub(crate) fn name(&self) -> String {
        self.path.strip_prefix(root()).expect("below the workspace").display().to_string()
    }

    /// Prose as one text: a link or a code span may go on in the next line.
    pub(crate) fn joined(&self) -> String {
        self.prose.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn spans(&self) -> Vec<String> {
        self.joined().split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")).collect()
    }

    pub(crate) fn commands(&self) -> Vec<String> {
        let fenced = self.fences.iter().flat_map(|(_, lines)| lines.clone());
        // an indented block is code too
        let indented = self.prose.iter().filter(|(_, line)| line.starts_with("    ")).map(|(_, line)| line.clone());
        let commands = fenced.chain(indented).chain(self.spans());
        commands.map(|line| line.trim().to_owned()).filter(|line| line.contains("cargo ")).collect()
    }

    pub(crate) fn headings(&self) -> BTreeSet<String> {
        let headings = self.prose.iter().filter(|(_, line)| line.starts_with('#'));
        headings.map(|(_, line)| anchor(line.trim_start_matches('#').trim())).collect()
    }
}

/// Returns the fragment that a forge gives a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

/// All files of the workspace, relative to it, without what is built.
pub(crate) fn files() -> Vec<PathBuf> {
    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !["target", ".git", "corpus", "artifacts"].contains(&name.as_str()) {
                below(&path, found);
            } else if path.is_file() {
                found.push(path.strip_prefix(root()).expect("below the workspace").to_owned());
            }
        }
    }
    let mut found = Vec::new();
    below(root(), &mut found);
    found
}

/// The files' folders.
pub(crate) fn folders(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    files.iter().flat_map(|file| file.ancestors().skip(1)).map(Path::to_owned).collect()
}

pub(crate) fn book() -> Vec<Page> {
    let folder = root().join("docs/book/src");
    let entries = fs::read_dir(folder).expect("the book").map(|entry| entry.expect("a page").path());
    let mut pages: Vec<_> = entries.map(Page::read).collect();
    pages.sort_by(|one, other| one.path.cmp(&other.path));
    pages
}

/// The chapters that teach, in their order: their names begin with a number.
pub(crate) fn chapters() -> Vec<Page> {
    let is_numbered =
        |page: &Page| page.path.file_name().is_some_and(|name| name.as_encoded_bytes()[0].is_ascii_digit());
    book().into_iter().filter(is_numbered).collect()
}

pub(crate) fn pages() -> Vec<Page> {
    let others = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/book/README.md"];
    let others = others.map(|name| Page::read(root().join(name)));
    book().into_iter().chain(others).collect()
}

/// The pages in docs, without the book.
pub(crate) fn docs() -> Vec<Page> {
    let files = files().into_iter().filter(|file| file.starts_with("docs") && !file.starts_with("docs/book"));
    files.filter(|file| file.extension().is_some_and(|e| e == "md")).map(|file| Page::read(root().join(file))).collect()
}

/// The words of all sources but this one.
pub(crate) fn words() -> HashSet<String> {
    let mut words = HashSet::new();
    for file in files() {
        let is_source = file.extension().is_some_and(|extension| extension == "rs" || extension == "toml");
        if !is_source || file.ends_with("book_links.rs") {
            continue;
        }
        let text = fs::read_to_string(root().join(&file)).expect("a source file");
        words.extend(text.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned));
    }
    words
}

/// Returns the constants of a source whose value is a number or a time, the latter in milliseconds.
pub(crate) fn constants(source: &str) -> BTreeMap<String, u64> {
    let lines = source.lines().filter_map(|line| line.strip_prefix("pub const "));
    let mut found = BTreeMap::new();
    for line in lines {
        let Some((name, rest)) = line.split_once(": ") else { continue };
        let Some((_, value)) = rest.split_once(" = ") else { continue };
        let value = value.trim_end_matches(';');
        let number = |text: &str| text.replace('_', "").parse::<u64>().ok();
        let argument = |prefix: &str| number(value.strip_prefix(prefix)?.strip_suffix(')')?);
        let evaluated = match value.split_once(" << ") {
            Some((left, right)) => number(left).zip(number(right)).map(|(left, right)| left << right),
            None => number(value),
        };
        let evaluated = evaluated
            .or_else(|| argument("Duration::from_millis("))
            .or_else(|| argument("Duration::from_secs(").map(|seconds| seconds * 1_000));
        found.extend(evaluated.map(|value| (name.to_owned(), value)));
    }
    found
}

/// Reads `4,096`, `8 MiB`, `20 MB`, `2.5 s`, `250 ms`: a number, a number of bytes, or milliseconds.
pub(crate) fn quantity(text: &str) -> Option<u64> {
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let number: f64 = number.replace(',', "").parse().ok()?;
    let factor = match unit {
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        "MB" => 1e6,
        "s" => 1e3,
        "min" => 6e4,
        _ => 1.0,
    };
    format!("{:.0}", number * factor).parse().ok()
}
