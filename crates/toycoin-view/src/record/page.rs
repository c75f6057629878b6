//! The page with a record in one file, which any browser opens without a network.
//!
//! A page that was opened from a file may not import other files. So each module becomes a `data:` address in the
//! import map, and modules name each other by their names in that map. A policy in the file allows its own scripts by
//! their hashes, and nothing from elsewhere.

use std::collections::BTreeMap;

use serde_json::json;

use crate::{
    record::Record,
    server::{asset, asset_names, base64, sha256_source},
};

/// Prefix of the names by which the page's modules import each other.
const PREFIX: &str = "toycoin/";

/// Returns the page with a record in it, as HTML.
pub fn saved_page(record: &Record) -> String {
    let index = text("index.html");
    let (mut scripts, mut styles) = (vec!["data:".to_owned()], Vec::new());
    let mut script = |kind: &str, source: &str| {
        scripts.push(sha256_source(source.as_bytes()));
        format!("<script{kind}>{source}</script>\n")
    };
    let mut body = String::new();
    let mut rest = index.as_str();
    while let Some((line, after)) = rest.split_once('\n') {
        rest = after;
        if line.trim() == "<script type=\"importmap\">" {
            let (names, after) = after.split_once("</script>").unwrap_or((after, ""));
            rest = after.trim_start_matches('\n');
            body.push_str(&script(" type=\"importmap\"", &import_map(names)));
        } else if let Some(file) = between(line, "<link rel=\"stylesheet\" href=\"", "\">") {
            let style = text(file);
            styles.push(sha256_source(style.as_bytes()));
            body.push_str(&format!("<style>{style}</style>\n"));
        } else if let Some(file) = between(line, "<script type=\"module\" src=\"", "\"></script>") {
            body.push_str(&script(" type=\"module\"", &format!("import {};", json!(name(file)))));
        } else if let Some(file) = between(line, "<script defer src=\"", "\"></script>") {
            body.push_str(&script("", &text(file)));
        } else {
            body.push_str(line);
            body.push('\n');
        }
    }
    body.push_str(rest);
    let policy = format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src {}; style-src {}; \
         img-src data:; base-uri 'none'; form-action 'none'\">\n",
        scripts.join(" "),
        styles.join(" ")
    );
    let data = format!(
        "<script type=\"application/json\" id=\"rules\">{}</script>\n\
         <script type=\"application/x-ndjson\" id=\"record\">{}</script>\n",
        inert(&text("rules.json")),
        inert(record.text())
    );
    // the policy comes before what it allows, and the data before the scripts that read it
    body.replacen("<title>", &format!("{policy}<title>"), 1).replacen("</head>", &format!("{data}</head>"), 1)
}

/// Returns the import map of the saved page: all modules, and the names of the page's own map.
fn import_map(page: &str) -> String {
    let mut addresses: BTreeMap<String, String> = BTreeMap::new();
    for file in asset_names().filter(|file| is_module(file)) {
        let source = rewrite(&text(file), file);
        addresses.insert(name(file), format!("data:text/javascript;base64,{}", base64(source.as_bytes())));
    }
    let own: serde_json::Value = serde_json::from_str(page).unwrap_or_default();
    for (bare, file) in own["imports"].as_object().into_iter().flatten() {
        let file = file.as_str().unwrap_or_default().trim_start_matches("./");
        if let Some(address) = addresses.get(&name(file)).cloned() {
            addresses.insert(bare.clone(), address);
        }
    }
    json!({ "imports": addresses }).to_string()
}

/// Returns a module's source, whose relative imports are names in the map.
fn rewrite(source: &str, file: &str) -> String {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut rewritten = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find(['"', '\'']) {
        let (before, quoted) = rest.split_at(at);
        let (quote, behind) = quoted.split_at(1);
        rewritten.push_str(before);
        rewritten.push_str(quote);
        rest = behind;
        let imports = ["from", "import", "import("]
            .iter()
            .any(|word| rewritten.trim_end_matches(['"', '\'', ' ']).ends_with(word));
        let Some((path, after)) = behind.split_once(quote).filter(|(path, _)| imports && path.starts_with('.')) else {
            continue;
        };
        rewritten.push_str(&name(&resolve(folder, path)));
        rewritten.push_str(quote);
        rest = after;
    }
    rewritten + rest
}

/// Returns the file that a relative path in a folder names.
fn resolve(folder: &str, path: &str) -> String {
    let mut parts: Vec<_> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn is_module(file: &str) -> bool {
    (file.ends_with(".js") && !file.contains(".iife.")) || file.ends_with(".mjs")
}

fn name(file: &str) -> String {
    format!("{PREFIX}{file}")
}

fn text(file: &str) -> String {
    String::from_utf8_lossy(asset(file).unwrap_or_default()).into_owned()
}

fn between<'a>(line: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    line.trim().strip_prefix(begin)?.strip_suffix(end)
}

/// Returns JSON in which nothing looks like HTML. A `<` is only in its strings, where it may be escaped.
fn inert(json: &str) -> String {
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Event, Fact},
        state::{NetworkInfo, State},
    };

    fn page(note: &str) -> String {
        let network = NetworkInfo { name: "lab".into(), genesis: "00".into(), spacing_ms: 2_000 };
        let state = State::new("00000000".into(), "simulated", Some(7), network);
        let event = Event { seq: 1, us: 1, fact: Fact::Note { text: note.into(), level: "info".into() } };
        let text = format!("{}\n{}", serde_json::to_string(&state).unwrap(), serde_json::to_string(&event).unwrap());
        saved_page(&Record::read(text.as_bytes()).unwrap())
    }

    #[test]
    fn a_saved_page_needs_no_other_file() {
        let page = page("x");
        let tags =
            page.split('<').filter(|tag| ["script", "link", "meta", "style"].iter().any(|name| tag.starts_with(name)));
        for tag in tags.filter_map(|tag| tag.split('>').next()) {
            assert!(!tag.contains(" src=") && (!tag.contains(" href=") || tag.contains("\"data:")), "{tag}");
        }
        assert!(page.contains("import \"toycoin/main.js\";"));
    }

    #[test]
    fn a_strangers_text_does_not_end_the_record() {
        let page = page("</script><script>alert(1)</script>");
        assert!(!page.contains("<script>alert") && page.contains("\\u003cscript>alert"));
    }

    #[test]
    fn relative_imports_become_names_of_the_map() {
        let source = "import { a } from './a.js';\nimport \"../b.js\";\nconst c = import('./v/c.js'); // './d.js'\n";
        let expected = "import { a } from 'toycoin/x/a.js';\nimport \"toycoin/b.js\";\nconst c = import('toycoin/x/v/c.js'); // './d.js'\n";
        assert_eq!(rewrite(source, "x/y.js"), expected);
    }
}
