//! The pages say true things: every test that docs/regressions.md names is there.

use std::{collections::BTreeSet, fs, path::Path};

/// The names of all functions in the Rust files below a folder that are tests.
fn tests_below(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests_below(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                if let Some(name) = line.strip_prefix("fn ").filter(|_| is_test) {
                    names.insert(name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
                }
                // other attributes may stand between
                is_test = line == "#[test]" || (is_test && line.starts_with("#["));
            }
        }
    }
}

#[test]
fn every_named_regression_test_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut tests = BTreeSet::new();
    tests_below(&root.join("crates"), &mut tests);
    tests_below(&root.join("examples"), &mut tests);
    let page = fs::read_to_string(root.join("docs/regressions.md")).expect("the page");
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    assert_eq!(rows.len(), 25, "a row a mistake");
    for row in rows {
        let named: Vec<_> = row.split('`').skip(1).step_by(2).collect();
        for name in named {
            assert!(tests.contains(name), "no test is called {name}");
        }
    }
}
