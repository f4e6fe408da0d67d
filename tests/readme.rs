//! The README tells the truth: its C program is the file it says, compiles, links and runs; its commands exist.

mod native;

use native::{Language, Link};
use std::process::Command;

fn read(path: &str) -> String {
    std::fs::read_to_string(native::file(path)).expect(path)
}

/// The fenced code blocks of that language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let starts = text
        .match_indices(&fence)
        .map(|(at, _)| &text[at + fence.len()..]);
    starts
        .map(|rest| rest.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn c_program_is_the_file() {
    let shown = blocks(&read("README.md"), "c");
    assert_eq!(
        shown.first(),
        Some(&read("bindings/c/minimal.c")),
        "README's first C program is bindings/c/minimal.c"
    );
}

/// `make cpp-test` compiles it, runs it, and compares what it prints with the page.
#[test]
fn cpp_program_is_the_file() {
    assert_eq!(
        blocks(&read("bindings/cpp/README.md"), "cpp").first(),
        Some(&read("bindings/cpp/example/example.cpp"))
    );
}

#[test]
fn c_program_runs() {
    let scratch = native::scratch("readme");
    let source = scratch.join("readme.c");
    std::fs::write(&source, &blocks(&read("README.md"), "c")[0]).expect("a source");
    let (object, program) = (scratch.join("readme.o"), scratch.join("readme"));
    let compiler =
        || native::compiler(Language::C11).expect("a C compiler (Debian: apt-get install gcc)");
    native::compile(compiler(), Language::C11, &source, &object);
    native::link(compiler(), &object, Link::Static, &program);
    let printed = native::run(&mut Command::new(&program));
    assert!(printed.contains("inertia 2.66667 after"), "{printed}");
    // README shows what it prints.
    assert!(
        blocks(&read("README.md"), "text").contains(&printed),
        "README does not show:\n{printed}"
    );
}

#[test]
fn rust_program_runs() {
    let printed = rust_program("README.md", "readme_rust");
    assert!(printed.contains("8.3333"), "{printed}");
}

/// `make check-bindings` and `make python-test` do what the pages on other languages say.
#[test]
fn page_from_rust_shows_what_its_program_prints() {
    let printed = rust_program("docs/from/rust.md", "from_rust");
    assert_eq!(blocks(&read("docs/from/rust.md"), "text"), [printed]);
}

/// What the first program in Rust of a page prints.
fn rust_program(page: &str, scratch: &str) -> String {
    let scratch = native::scratch(scratch);
    let (source, program) = (scratch.join("main.rs"), scratch.join("program"));
    std::fs::write(&source, &blocks(&read(page), "rust")[0]).expect("a source");
    let directory = native::library_dir();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    command
        .arg("--edition=2021")
        .arg(&source)
        .arg("-o")
        .arg(&program);
    command.arg("--extern").arg(format!(
        "centra={}",
        directory.join("libcentra_c.rlib").display()
    ));
    command
        .arg("-L")
        .arg(format!("dependency={}", directory.display()));
    native::run(&mut command);
    native::run(&mut Command::new(&program))
}

/// Every `make something` that README and CONTRIBUTING speak of is a target.
#[test]
fn commands_exist() {
    let makefile = read("Makefile");
    for page in ["README.md", "CONTRIBUTING.md"] {
        let text = read(page);
        let mentioned: Vec<_> = text
            .match_indices("make ")
            .filter(|(at, _)| is_command(&text[..*at]))
            .map(|(at, make)| {
                text[at + make.len()..]
                    .split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '-')
                    .next()
                    .unwrap_or_default()
            })
            .collect();
        for target in &mentioned {
            assert!(
                makefile.contains(&format!("\n{target}:")),
                "{page} speaks of `make {target}`"
            );
        }
        for target in ["demo", "test"] {
            assert!(
                mentioned.contains(&target),
                "{page} does not name `make {target}`"
            );
        }
    }
}

/// Commands open a line or a pair of backticks; "make" elsewhere is English.
fn is_command(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    line.trim().is_empty() || (line.ends_with('`') && line.matches('`').count() % 2 == 1)
}

/// The system libraries named in the documentation are the ones that the tests link with.
#[test]
fn system_libraries_are_named() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let libraries = native::SYSTEM_LIBRARIES.join(" ");
    for page in ["README.md", "bindings/c/README.md", "Makefile"] {
        assert!(
            read(page).contains(&libraries),
            "{page} does not say {libraries}"
        );
    }
}

/// Links to files of the repository lead somewhere.
#[test]
fn links_lead_somewhere() {
    for page in ["README.md", "CONTRIBUTING.md", "bindings/c/README.md"] {
        let text = read(page);
        let directory = native::file(page).parent().expect("a directory").to_owned();
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap_or_default();
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains("://") {
                assert!(directory.join(path).exists(), "{page} links to {target}");
            }
        }
    }
}
