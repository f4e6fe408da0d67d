//! Every item of the Rust API has an example in its documentation.

use std::path::{Path, PathBuf};

/// Folders whose public items callers see. `capi` is the C ABI, whose documentation is the header.
const SEEN: [&str; 5] = ["kmeans", "call", "points", "runtime", "stream"];
/// Files beside these.
const FILES: [&str; 1] = ["simd/level.rs"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(sources(&path)),
            false => found.push(path),
        }
    }
    found
}

/// Public items without an example, and how many there are in all. Hidden ones do not count.
fn items(text: &str) -> (Vec<String>, usize) {
    let (mut without, mut all) = (Vec::new(), 0);
    let mut docs = String::new();
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("///") || line.starts_with("#[") {
            docs += line;
            docs += "\n";
            continue;
        }
        let kinds = ["fn", "const fn", "struct", "enum", "const", "trait", "type"];
        let kind = |kind: &&str| line.starts_with(&format!("pub {kind} "));
        if kinds.iter().any(kind) && !docs.contains("#[doc(hidden)]") {
            all += 1;
            if !docs.contains("/// ```\n") {
                without.push(line.to_owned());
            }
        }
        docs.clear();
    }
    (without, all)
}

#[test]
fn every_public_item_has_an_example() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files: Vec<_> = FILES.iter().map(|file| src.join(file)).collect();
    files.extend(SEEN.iter().flat_map(|folder| sources(&src.join(folder))));
    let mut total = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source");
        let (without, all) = items(&text);
        assert!(
            without.is_empty(),
            "{}: no example: {without:#?}",
            file.display()
        );
        total += all;
    }
    assert!(total > 60, "only {total} items were found");
}

#[test]
fn items_without_an_example_are_found() {
    let text = "/// Adds.\n#[must_use]\npub fn add() {}\n\n/// Takes.\n/// ```\n/// take();\n/// ```\npub fn take() {}\npub(crate) fn inner() {}\n";
    assert_eq!(items(text), (vec!["pub fn add() {}".into()], 2));
}
