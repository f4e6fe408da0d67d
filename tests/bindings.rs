//! The page on bindings, the bindings beside it and the page on Julia say what the header says: sizes and members of structs, and the version.

mod native;

use native::{Language, Link};
use std::path::{Path, PathBuf};
use std::process::Command;

fn read(path: impl AsRef<Path>) -> String {
    let path = native::file("bindings").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Each row of the table of structs is what C says.
#[test]
fn sizes_of_structs_are_those_of_c() {
    let page = read("README.md");
    let rows: Vec<&str> = page
        .lines()
        .filter(|l| l.starts_with("| `centra_"))
        .collect();
    assert!(rows.len() > 5, "{rows:?}");
    let name = |row: &str| row.split('`').nth(1).expect("a name").to_owned();
    let prints: String = rows
        .iter()
        .map(|row| name(row))
        .map(|name| format!("printf(\"| `{name}` | %zu |\\n\", sizeof({name}));\n"))
        .collect();
    let scratch = native::scratch("bindings");
    let source = scratch.join("sizes.c");
    let text = format!(
        "#include <centra.h>\n#include <stdio.h>\nint main(void)\n{{\n{prints}return 0;\n}}\n"
    );
    std::fs::write(&source, text).expect("a source");
    let compiler =
        || native::compiler(Language::C11).expect("a C compiler (Debian: apt-get install gcc)");
    let (object, program) = (scratch.join("sizes.o"), scratch.join("sizes"));
    native::compile(compiler(), Language::C11, &source, &object);
    native::link(compiler(), &object, Link::Static, &program);
    let printed = native::run(&mut Command::new(program));
    if cfg!(target_pointer_width = "64") {
        assert_eq!(printed.lines().collect::<Vec<_>>(), rows);
    }
}

/// The members of a struct of the header, each with its type in Julia.
fn members(name: &str) -> Vec<(String, &'static str)> {
    let header = std::fs::read_to_string(native::file("include/centra.h")).expect("the header");
    let start = format!("typedef struct {name} {{\n");
    let from = header.find(&start).expect("the struct") + start.len();
    let body = header[from..].split("\n}").next().expect("its end");
    let lines = body.lines().map(str::trim);
    lines
        .filter(|line| !line.starts_with(['/', '*']))
        .map(|line| {
            let declaration = line.split(';').next().expect("a member");
            let (of, name) = declaration
                .rsplit_once([' ', '*'])
                .expect("a type and a name");
            let julia = match (of.trim(), declaration.contains('*')) {
                ("const double", true) => "Ptr{Float64}",
                ("size_t", false) => "Csize_t",
                ("int32_t", false) => "Int32",
                ("int64_t", false) => "Int64",
                ("uint64_t", false) => "UInt64",
                ("double", false) => "Float64",
                _ => "Ptr{Cvoid}",
            };
            (name.to_owned(), julia)
        })
        .collect()
}

#[test]
fn structs_in_julia_are_those_of_the_header() {
    let page = read("../docs/from/julia.md");
    for (julia, name) in [("Options", "centra_options"), ("Report", "centra_report")] {
        let start = format!("struct {julia} ");
        let from = page.find(&start).expect("the struct");
        let body = page[from..].split("\nend").next().expect("its end");
        let fields: Vec<_> = body
            .lines()
            .skip(1)
            .flat_map(|line| line.split(';'))
            .map(|field| field.trim().split_once("::").expect("a field and its type"))
            .map(|(field, of)| (field.to_owned(), of))
            .collect();
        let expected = members(name);
        assert!(expected.len() > 10, "{expected:?}");
        assert_eq!(fields, expected, "{julia}");
    }
}

/// All pages below `bindings`.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| match path.extension() {
            None if path.is_dir() => pages(&path),
            Some(of) if of == "md" => vec![path],
            _ => Vec::new(),
        })
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let mut count = 0;
    for page in pages(&native::file("bindings")) {
        let text = read(&page);
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split([')', '#']).next().unwrap_or_default();
            if target.contains(' ') {
                continue; // a lambda of C++
            }
            let path = page.parent().expect("a folder").join(target);
            assert!(
                target.contains("://") || path.exists(),
                "{} links to {target}",
                page.display()
            );
            count += 1;
        }
    }
    assert!(count > 20, "{count} links were found");
}

/// What packages say of themselves: the version and the licence, where each has it.
#[test]
fn versions_and_licences_are_those_of_the_library() {
    let version = env!("CARGO_PKG_VERSION");
    let licence = env!("CARGO_PKG_LICENSE");
    let said = [
        ("r/DESCRIPTION", format!("\nVersion: {version}\n")),
        ("node/package.json", format!("\"version\": \"{version}\"")),
        ("node/package.json", format!("\"license\": \"{licence}\"")),
        ("fortran/fpm.toml", format!("\nversion = \"{version}\"\n")),
        ("fortran/fpm.toml", format!("\nlicense = \"{licence}\"\n")),
        (
            "python/pyproject.toml",
            format!("\nlicense = \"{licence}\"\n"),
        ),
        (
            "recipes/conda/meta.yaml",
            format!("set version = \"{version}\""),
        ),
        (
            "recipes/conda/meta.yaml",
            format!("\n  license: {licence}\n"),
        ),
        (
            "recipes/vcpkg/vcpkg.json",
            format!("\"version\": \"{version}\""),
        ),
        (
            "recipes/vcpkg/vcpkg.json",
            format!("\"license\": \"{licence}\""),
        ),
        ("recipes/spack/package.py", format!("version(\"{version}\"")),
        ("recipes/spack/package.py", format!("license(\"{licence}\"")),
        (
            "recipes/spack/package.py",
            format!("/centra-{version}.tar.gz\""),
        ),
        ("recipes/debian/changelog", format!("centra ({version}-1) ")),
        (
            "recipes/debian/copyright",
            format!("License: {}\n", licence.replace("MIT OR", "Expat or")),
        ),
    ];
    for (file, text) in said {
        assert!(read(file).contains(&text), "{file} has no {text:?}");
    }
    // The Rust that is needed, and the SONAME in the names of packages.
    let rust = env!("CARGO_PKG_RUST_VERSION");
    assert!(read("recipes/debian/control").contains(&format!(" rustc (>= {rust}) ")));
    assert!(read("recipes/spack/package.py").contains(&format!("\"rust@{rust}:\"")));
    let major = env!("CARGO_PKG_VERSION_MAJOR");
    assert!(read("recipes/debian/control").contains(&format!("\nPackage: libcentra{major}\n")));
}
