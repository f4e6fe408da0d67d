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
    as_c(&String::from_utf8(text).expect("text"))
}

/// What cbindgen cannot do. Constants become enumerators, because editors and debuggers show these with their comments: `@enum` in the
/// comment of a constant starts an enumeration. Rust's sections on safety are left out: the front of the header and the parameters
/// say it in the terms of C. The trailer moves inside `extern "C"` and the include guard.
fn as_c(text: &str) -> String {
    let closing = text
        .find("#ifdef __cplusplus\n}")
        .expect("the end of extern");
    let guard = "#endif  /* CENTRA_H */\n";
    let trailer = text.find(guard).expect("the include guard") + guard.len();
    let ordered = [
        &text[..closing],
        text[trailer..].trim(),
        "\n\n",
        &text[closing..trailer],
    ]
    .concat();

    let (mut lines, mut comment, mut inside) = (Vec::new(), Vec::new(), false);
    for line in ordered.lines() {
        if line.trim_start().starts_with("///") {
            comment.push(line);
            continue;
        }
        if let Some(safety) = comment.iter().position(|line| *line == "/// # Safety") {
            comment.truncate(safety);
            comment.pop_if(|line| *line == "///");
        }
        if let (Some((name, value)), false) = (constant(line), comment.is_empty()) {
            if let Some((tag, about)) = comment[0]
                .strip_prefix("/// @enum ")
                .and_then(|mark| mark.split_once(' '))
            {
                lines.extend(inside.then(|| "};\n".to_owned()));
                lines.push(format!("/// {about}"));
                comment.remove(0);
                while let Some(more) = comment[0].strip_prefix("///     ") {
                    lines.push(format!("/// {more}"));
                    comment.remove(0);
                }
                lines.push(format!("enum {tag} {{"));
                inside = true;
            }
            assert!(inside, "the comment of {name} has no @enum before it");
            lines.extend(comment.drain(..).map(|line| format!("    {line}")));
            lines.push(format!("    {name} = {value},"));
        } else if !(inside && line.is_empty()) {
            lines.extend(inside.then(|| "};\n".to_owned()));
            inside = false;
            lines.extend(comment.drain(..).map(str::to_owned));
            lines.push(line.to_owned());
        }
    }
    let text = lines.join("\n") + "\n";
    let includes = "#include <stdint.h>\n";
    text.replacen(includes, &[includes, &version()].concat(), 1)
}

/// The macros of the version, which the preprocessor can compare.
fn version() -> String {
    let part = |name: &str, value| format!("#define CENTRA_VERSION_{name} {value}\n");
    [
        "\n/// The version of this header; centra_version gives that of the library.\n".to_owned(),
        format!("#define CENTRA_VERSION \"{}\"\n", env!("CARGO_PKG_VERSION")),
        part("MAJOR", env!("CARGO_PKG_VERSION_MAJOR")),
        part("MINOR", env!("CARGO_PKG_VERSION_MINOR")),
        part("PATCH", env!("CARGO_PKG_VERSION_PATCH")),
    ]
    .concat()
}

/// The name and the value, if the line defines a constant that is an integer; the parts of the version are for the preprocessor.
fn constant(line: &str) -> Option<(&str, i32)> {
    let (name, value) = line.strip_prefix("#define ")?.split_once(' ')?;
    if name.starts_with("CENTRA_VERSION_") {
        return None;
    }
    Some((name, value.parse().ok()?))
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
        "options_init_sized",
        "report_init_sized",
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

/// A name that is a macro here and a symbol of the library is two things: which one a program gets must not depend on how it is written.
#[test]
fn no_function_has_the_name_of_a_macro() {
    let header = generate();
    let macros: Vec<&str> = header
        .lines()
        .filter_map(|line| line.strip_prefix("#define centra_")?.split_once('('))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(macros, ["options_init", "report_init"]);
    let declared = functions(&header);
    for name in macros {
        let function = format!("centra_{name}");
        assert!(declared.iter().all(|(found, _)| *found != function));
        let sized = format!("{function}_sized");
        assert!(declared.iter().any(|(found, _)| *found == sized));
    }
}

/// The parameters of each function of the header, and what its comment says with `@param`.
fn parameters(header: &str) -> Vec<(String, Vec<String>, Vec<String>)> {
    let (mut found, mut comment) = (Vec::new(), Vec::new());
    let mut lines = header.lines();
    while let Some(line) = lines.next() {
        if let Some(text) = line.strip_prefix("/// @param ") {
            let names = text.split_once("  ").map_or(text, |(names, _)| names);
            comment.extend(names.split(", ").map(str::to_owned));
        } else if declares(line) && line.contains("(") {
            let mut declaration = line.to_owned();
            while !declaration.ends_with(';') {
                declaration += lines.next().expect("a whole declaration");
            }
            let (head, rest) = declaration.split_once('(').expect("parameters");
            let last_word = |text: &str| {
                text.rsplit([' ', '*'])
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            };
            let mut parameters: Vec<_> = rest
                .trim_end_matches(");")
                .split(',')
                .map(last_word)
                .collect();
            parameters.retain(|name| name != "void");
            found.push((last_word(head), parameters, std::mem::take(&mut comment)));
        }
    }
    found
}

#[test]
fn every_parameter_is_documented_once() {
    for (function, parameters, documented) in parameters(&generate()) {
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names
        };
        assert_eq!(sorted(parameters), sorted(documented), "{function}");
    }
}

#[test]
fn reads_as_c() {
    let header = generate();
    for line in header.lines() {
        assert!(line.len() <= 120, "{} columns: {line}", line.len());
        for rust in ["# Safety", "[`", "::"] {
            assert!(!line.contains(rust), "{line}");
        }
    }
    // Inside the guard and extern "C" is all but their own ends.
    assert!(header.ends_with("#endif\n\n#ifdef __cplusplus\n}  // extern \"C\"\n#endif  // __cplusplus\n\n#endif  /* CENTRA_H */\n"));
    let others: Vec<_> = header.lines().filter_map(constant).collect();
    assert!(others.is_empty(), "no enumerators: {others:?}");
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
        if let Some(rest) = line.strip_prefix("enum ") {
            assert!(rest.starts_with("centra_"), "{line}");
        }
        if let Some(rest) = line.strip_prefix("typedef struct ") {
            assert!(rest.starts_with("centra_"), "{line}");
        }
        if declares(line) && !line.starts_with("extern \"C\"") {
            assert!(line.contains("centra_"), "{line}");
        }
    }
}
