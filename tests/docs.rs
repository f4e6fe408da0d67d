//! The documentation: every item of the Rust API has an example, and of the pages of `docs` links lead somewhere, lemmas and decisions
//! that are cited are there, and drawings are what their script makes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files with that extension in a folder and below.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|its| its == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What links to the headings of a page end with, as GitHub makes it of their words.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words
            .chars()
            .filter(|&c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut count = 0;
    for page in files(&root().join("docs"), "md") {
        let text = read(&page);
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap_or_default();
            if target.contains("://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = match file {
                "" => page.clone(),
                file => page.parent().expect("a folder").join(file),
            };
            assert!(path.exists(), "{} links to {target}", page.display());
            let there = anchor.is_empty() || anchors(&read(&path)).contains(anchor);
            assert!(
                there,
                "{} links to {target}, which has no such heading",
                page.display()
            );
            count += 1;
        }
    }
    assert!(count > 20, "{count} links were found");
}

/// Sections say which folders they are about, and which files of these.
#[test]
fn files_of_sections_are_there() {
    let page = read(&root().join("docs/how-it-works.md"));
    let mut count = 0;
    for line in page.lines().filter(|line| line.starts_with("*[src/")) {
        let folders = line
            .split("](../")
            .skip(1)
            .map(|rest| root().join(rest.split(')').next().unwrap_or_default()));
        let folders: Vec<PathBuf> = folders.collect();
        for name in line.split('`').filter(|name| name.ends_with(".rs")) {
            let there = folders.iter().any(|folder| folder.join(name).exists());
            assert!(
                there,
                "docs/how-it-works.md speaks of {name}, which is in none of {folders:?}"
            );
            count += 1;
        }
    }
    assert!(count > 3, "{count} files were found");
}

#[test]
fn every_folder_of_the_source_is_shown() {
    let page = read(&root().join("docs/how-it-works.md"));
    for entry in std::fs::read_dir(root().join("src")).expect("src") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name");
        let row = format!("| [{name}](../src/{name}) |");
        assert!(
            !entry.path().is_dir() || page.contains(&row),
            "docs/how-it-works.md does not show src/{name}"
        );
    }
}

/// The numbers after an `L` that stands alone.
fn lemmas(text: &str) -> BTreeSet<u32> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words
        .filter_map(|word| word.strip_prefix('L')?.parse().ok())
        .collect()
}

#[test]
fn lemmas_that_are_cited_are_there() {
    let page = read(&root().join("docs/proofs.md"));
    let openings = page
        .lines()
        .filter(|line| line.starts_with("### L") || line.starts_with("**L"));
    let there: BTreeSet<u32> = openings
        .flat_map(|line| lemmas(&line[..line.len().min(12)]))
        .collect();
    assert!(there.len() > 40, "{} lemmas were found", there.len());
    let mut pages = vec![
        root().join("docs/how-it-works.md"),
        root().join("docs/decisions.md"),
    ];
    pages.extend(files(&root().join("src"), "rs"));
    for path in pages {
        let text = read(&path);
        let comments = text
            .lines()
            .filter(|line| path.extension().is_some_and(|its| its == "md") || line.contains("//"));
        let cited: BTreeSet<u32> = comments.flat_map(lemmas).collect();
        let missing: Vec<_> = cited.difference(&there).collect();
        assert!(
            missing.is_empty(),
            "{} cites lemmas {missing:?}",
            path.display()
        );
    }
}

/// Comments cite a decision by the link to its heading.
#[test]
fn decisions_that_are_cited_are_there() {
    const PAGE: &str = "docs/decisions.md#";
    let there = anchors(&read(&root().join("docs/decisions.md")));
    let sources = [
        files(&root().join("src"), "rs"),
        files(&root().join("benches"), "rs"),
    ]
    .concat();
    for path in sources {
        // A comment may break a line before the link, but not within it.
        let text = read(&path);
        for (at, _) in text.match_indices(PAGE) {
            let rest = &text[at + PAGE.len()..];
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '-')
                .unwrap_or(rest.len());
            assert!(
                there.contains(&rest[..end]),
                "{} cites {PAGE}{}",
                path.display(),
                &rest[..end]
            );
        }
    }
}

#[test]
fn drawings_are_what_their_script_makes() {
    let script = root().join("docs/drawings/draw.py");
    match Command::new("python3")
        .args(["-B"])
        .arg(&script)
        .arg("--check")
        .output()
    {
        Ok(output) => assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => {
            println!(
                "drawings were not checked: python3: {error} (Debian: apt-get install python3)"
            );
            assert!(std::env::var_os("CI").is_none(), "CI has no python3");
        }
    }
}

/// Folders whose public items callers see. `capi` is the C ABI, whose documentation is the header.
const SEEN: [&str; 5] = ["kmeans", "call", "points", "runtime", "stream"];
/// Files beside these.
const FILES: [&str; 1] = ["simd/level.rs"];

/// Public items without an example, and how many there are in all.
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
        if kinds.iter().any(kind) {
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
fn nothing_is_hidden() {
    for file in files(&root().join("src"), "rs") {
        let hidden = read(&file).contains("#[doc(hidden)]");
        assert!(!hidden, "{}: hidden from callers", file.display());
    }
}

#[test]
fn every_public_item_has_an_example() {
    let src = root().join("src");
    let mut seen: Vec<_> = FILES.iter().map(|file| src.join(file)).collect();
    seen.extend(
        SEEN.iter()
            .flat_map(|folder| files(&src.join(folder), "rs")),
    );
    let mut total = 0;
    for file in seen {
        let (without, all) = items(&read(&file));
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
