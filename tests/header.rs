//! `include/centra.h` is what cbindgen makes of `src/capi`, and every function in it is documented.
//!
//! `CENTRA_WRITE_HEADER=1 cargo test --test header` (that is, `make header`) writes it instead of comparing.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// `src/capi` with its structs as cbindgen can read them: it knows no macros, so a list of members in `members! { ... }` becomes
/// the struct that it is a list of. (It passes over the attributes that say what the members' values are.)
fn source_without_macros() -> PathBuf {
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("header/capi");
    std::fs::create_dir_all(&to).expect("a directory");
    for entry in std::fs::read_dir(Path::new(ROOT).join("src/capi")).expect("src/capi") {
        let file = entry.expect("a file").path();
        let text = std::fs::read_to_string(&file).expect("text");
        let mut inside = false;
        let lines = text.split_inclusive('\n').filter(|line| {
            let edge = *line == "members! {\n" || inside && *line == "} // members\n";
            inside ^= edge;
            !edge
        });
        let copy: String = lines.collect();
        std::fs::write(to.join(file.file_name().expect("a name")), copy).expect("a copy");
    }
    to
}

/// The header as the source now has it. Only `capi` is read: the C API lives there and nowhere else, whatever else
/// the crate makes public stays out of the header, and no `cargo metadata` has to fetch foreign platforms' crates.
fn generate() -> String {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock();
    let root = Path::new(ROOT);
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(source_without_macros().join("mod.rs"))
        .generate()
        .expect("a header from src/capi");
    let mut text = Vec::new();
    bindings.write(&mut text);
    String::from_utf8(text).expect("text")
}

#[test]
fn is_up_to_date() {
    let path = Path::new(ROOT).join("include/centra.h");
    let generated = generate();
    if std::env::var_os("CENTRA_WRITE_HEADER").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("include/");
        return std::fs::write(&path, generated).expect("include/centra.h written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = committed
        .lines()
        .zip(generated.lines())
        .position(|(old, new)| old != new);
    let shorter = committed.lines().count().min(generated.lines().count());
    assert!(
        committed == generated,
        "include/centra.h is not what src/capi says now, from line {} on; `make header` writes it anew",
        differs.unwrap_or(shorter) + 1
    );
}

/// Whether a line of the header starts the declaration of a function.
fn declares(line: &str) -> bool {
    !line.is_empty() && !line.starts_with([' ', '*', '/', '#', '}']) && !line.starts_with("typedef")
}

/// The names of the functions that the header declares, each with the line before it.
fn functions(header: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut before = "";
    for line in header.lines() {
        if let (true, Some((head, _))) = (declares(line), line.split_once('(')) {
            let name = head.rsplit([' ', '*']).next().unwrap_or_default();
            if name.starts_with("centra_") {
                found.push((name.to_owned(), before.to_owned()));
            }
        }
        before = line;
    }
    found
}

#[test]
fn every_function_is_documented() {
    let functions = functions(&generate());
    for (name, before) in &functions {
        assert!(
            before.starts_with("///"),
            "{name} has no comment; the line before it is {before:?}"
        );
    }
    for expected in [
        "options_init",
        "report_init",
        "workspace_size",
        "fit",
        "assign",
        "update",
        "seed",
        "inertia",
        "status_message",
        "error_detail",
        "version",
        "isa",
    ] {
        let name = format!("centra_{expected}");
        assert!(
            functions.iter().any(|(found, _)| *found == name),
            "{name} is not in the header"
        );
    }
}

/// A C program shares one name space with everything it includes.
#[test]
fn every_name_is_prefixed() {
    for line in generate().lines() {
        if let Some(rest) = line.strip_prefix("#define ") {
            // A macro in small letters is a function's, and has its arguments.
            let of_function = rest.starts_with("centra_") && rest.contains('(');
            assert!(rest.starts_with("CENTRA_") || of_function, "{line}");
        }
        if let Some(rest) = line.strip_prefix("typedef struct ") {
            assert!(rest.starts_with("centra_"), "{line}");
        }
        if declares(line) && !line.starts_with("extern \"C\"") {
            assert!(line.contains("centra_"), "{line}");
        }
    }
}
