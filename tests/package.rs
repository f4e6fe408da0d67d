//! What `cargo package` makes of the crate is complete, as README has it, and has nothing else.
//!
//! `make check-crate` builds such a package, and programs that depend on it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).expect(path)
}

/// The files of the package.
fn files() -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--offline"])
        .current_dir(ROOT)
        .output()
        .expect("cargo");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| line.replace('\\', "/")).collect()
}

/// The path from the root that a link of a page means.
fn resolve(page: &str, target: &str) -> String {
    let mut path: Vec<&str> = page.split('/').collect();
    path.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            ".." => drop(path.pop()),
            part => path.push(part),
        }
    }
    path.join("/")
}

/// What a page links to after these characters, as paths from the root.
fn links(page: &str, opening: &str) -> Vec<String> {
    let text = read(page);
    text.match_indices(opening)
        .filter_map(|(at, _)| text[at..].split_once("](")?.1.split([')', '#']).next())
        .filter(|target| !target.is_empty() && !target.contains("://") && !target.contains(' '))
        .map(|target| resolve(page, target))
        .collect()
}

#[test]
fn what_readme_links_to_is_in_the_package() {
    let files = files();
    let links = links("README.md", "](");
    assert!(links.len() > 20, "{links:?}");
    for link in links {
        assert!(files.contains(&link), "README.md links to {link}");
    }
}

/// Each picture that a page of the package shows is in it, and no other.
#[test]
fn pictures_are_those_that_pages_show() {
    let files = files();
    let pages = files.iter().filter(|file| file.ends_with(".md"));
    let shown: BTreeSet<String> = pages.flat_map(|page| links(page, "![")).collect();
    let pictures = files
        .iter()
        .filter(|file| file.ends_with(".svg") || file.ends_with(".png"));
    assert_eq!(pictures.cloned().collect::<BTreeSet<_>>(), shown);
}

/// Other bindings are packages of their languages; of these there are the pages and what these show.
#[test]
fn bindings_are_those_that_make_builds() {
    for file in files() {
        let Some((binding, name)) = file
            .strip_prefix("bindings/")
            .and_then(|rest| rest.split_once('/'))
        else {
            continue;
        };
        let built = ["c", "cpp", "fortran", "mpi"].contains(&binding);
        let page = name.ends_with(".md") || name.ends_with(".png");
        assert!(built || page, "{file}");
    }
}

/// What the sources include, and what `make install` copies.
#[test]
fn what_is_read_is_in_the_package() {
    let files = files();
    let installs = read("bindings/c/package/install.sh");
    let mut needed: Vec<&str> = installs
        .match_indices("\"$root/")
        .map(|(at, opening)| &installs[at + opening.len()..])
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(needed.len() > 3, "{needed:?}");
    needed.extend(["tests/reference/exact.rs", "tests/data/iris.csv"]);
    needed.extend(["bindings/c/demo.c", "bindings/fortran/demo.f90"]);
    for file in needed {
        assert!(files.contains(file), "{file}");
    }
    let tests = files
        .iter()
        .filter(|file| file.starts_with("tests/") && file.ends_with(".rs"));
    assert_eq!(tests.collect::<Vec<_>>(), ["tests/reference/exact.rs"]);
}
