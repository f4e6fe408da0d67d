//! The Fortran module and its demo, compiled as a user would, run against the library.
//!
//! The programs in `tests/fortran/` count their own checks. Here they are built with every warning an
//! error and every runtime check on, and run under each instruction set. One of those checks reports
//! every temporary array made for an argument, so an empty standard error also proves that no call
//! copied a caller's array.

mod native;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

const COMPILER: &str = "gfortran";

/// Standard Fortran only, and not a warning.
const STRICT: &[&str] = &[
    "-std=f2018",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-pedantic",
    "-fcheck=all",
];

/// For the programs alone: they restate D(x, c), which knows no fused multiply-add.
const EXACT: &[&str] = &["-O1", "-g", "-ffp-contract=off"];

const INSTRUCTION_SETS: [&str; 3] = match cfg!(target_arch = "aarch64") {
    true => ["portable", "neon", "avx512"],
    false => ["portable", "avx2", "avx512"],
};

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn module_source() -> PathBuf {
    source("bindings/fortran/centra.f90")
}

fn have_compiler() -> bool {
    let found = native::is_there(COMPILER);
    if !found {
        native::missing(COMPILER, "gfortran");
    }
    found
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn output(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// The folder of the library, which must be that of this checkout.
///
/// Two checkouts that share a target directory are one package to Cargo: where the other was built last,
/// it takes that library, and even that test program, for this one's (seen). Other flags it does notice.
fn library_dir() -> PathBuf {
    if let Some(here) = std::env::var_os("CARGO_MANIFEST_DIR") {
        assert_eq!(
            here,
            env!("CARGO_MANIFEST_DIR"),
            "built from another checkout in the same target directory; touch src/lib.rs and run again"
        );
    }
    native::library_dir()
}

/// The folder with `centra.o`, `checks.o` and their `.mod` files: compiled once for all programs.
fn modules() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| compile_modules("fortran", &[]))
}

fn compile_modules(folder: &str, flags: &[&str]) -> PathBuf {
    let folder = native::out_dir().join(folder);
    fs::create_dir_all(&folder).expect("a folder for Fortran");
    for (name, from) in [
        ("centra", module_source()),
        ("checks", source("tests/fortran/checks.f90")),
    ] {
        native::run(
            Command::new(COMPILER)
                .args(STRICT)
                .args(EXACT)
                // Copies would be hidden work, and fpm takes what gfortran calls an implicit interface for an error.
                .args(["-Warray-temporaries", "-Wimplicit-interface"])
                .args(flags)
                .arg("-J")
                .arg(&folder)
                .arg("-c")
                .arg(from)
                .arg("-o")
                .arg(folder.join(name).with_extension("o")),
        );
    }
    folder
}

/// Compiles and links a program of `tests/fortran/` with the static library.
fn build(modules: &Path, name: &str, flags: &[&str]) -> PathBuf {
    // Programs may bring modules of their own under equal names: a folder each.
    let own = modules.join(name);
    fs::create_dir_all(&own).expect("a folder for a program");
    let program = own.join(name);
    native::run(
        Command::new(COMPILER)
            .args(STRICT)
            .args(EXACT)
            .args(flags)
            .arg("-I")
            .arg(modules)
            .arg("-J")
            .arg(&own)
            .arg(source("tests/fortran").join(name).with_extension("f90"))
            .args([modules.join("centra.o"), modules.join("checks.o")])
            .arg(library_dir().join("libcentra.a"))
            .args(native::SYSTEM_LIBRARIES)
            .arg("-o")
            .arg(&program),
    );
    program
}

/// Builds a program, runs it under each instruction set, and wants its checks to pass in silence.
fn passes(name: &str, flags: &[&str]) {
    if have_compiler() {
        passes_with(modules(), name, flags);
    }
}

fn passes_with(modules: &Path, name: &str, flags: &[&str]) {
    let program = build(modules, name, flags);
    for isa in INSTRUCTION_SETS {
        let said = native::run(Command::new(&program).env("CENTRA_ISA", isa));
        let checks = said
            .strip_prefix(&format!("{name}: "))
            .and_then(|rest| rest.trim_end().strip_suffix(" checks passed"))
            .and_then(|count| count.parse::<u32>().ok());
        assert!(
            checks.is_some_and(|count| count > 0),
            "{name}, {isa}: {said}"
        );
        print!("{isa}, {said}");
    }
}

#[test]
fn structs() {
    passes("structs", &[]);
}

#[test]
fn wrappers() {
    passes("wrappers", &[]);
}

#[test]
fn kinds_of_points() {
    passes("kinds", &[]);
}

/// What stands in `tests/data/golden.txt`.
#[test]
fn golden() {
    passes("golden", &[]);
}

/// Labels and `stat` of default kind, in a program that names no kind: of 32 bits, and of 64 where a flag makes them so.
#[test]
fn default_integers() {
    passes("default_integers", &[]);
    if have_compiler() {
        let flag = ["-fdefault-integer-8"];
        let modules = compile_modules("fortran-default-integer-8", &flag);
        passes_with(&modules, "default_integers", &flag);
    }
}

#[test]
fn raw_functions() {
    passes("raw", &[]);
}

#[test]
fn refusals() {
    passes("refusals", &[]);
}

#[test]
fn streams() {
    passes("streams", &[]);
    passes("stream_refusals", &[]);
}

#[test]
#[cfg(target_os = "linux")]
fn sizes_beyond_the_default_kind() {
    passes("huge_sizes", &[]);
}

/// A default `size()` wraps at 2^31, and the array is taken for none.
#[test]
fn every_size_in_the_module_has_the_kind_of_c() {
    let module = fs::read_to_string(module_source()).expect("centra.f90");
    let mut sizes = 0;
    for line in module.lines() {
        let code = line.split('!').next().unwrap_or("");
        for (at, _) in code.match_indices("size(") {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
                continue;
            }
            let arguments = code[at..].split(')').next().unwrap_or("");
            assert!(arguments.ends_with("c_size_t"), "{line}");
            sizes += 1;
        }
    }
    assert!(sizes > 20, "{sizes}");
}

#[test]
fn floating_point_environment() {
    passes("environment", &[]);
}

#[test]
fn concurrent_calls() {
    passes("concurrent", &["-fopenmp"]);
}

#[test]
fn the_callers_threads() {
    passes("callers", &["-fopenmp"]);
}

#[test]
fn a_refusal_nobody_asks_about_stops_the_program() {
    if !have_compiler() {
        return;
    }
    let program = build(modules(), "error_stop", &[]);
    for (by, reason) in [
        ("wrapper", "centra: labels: 9 elements for 10 points"),
        ("library", "centra: k = 11 is more than n = 10"),
    ] {
        let output = output(Command::new(&program).arg(by));
        let (said, complained) = (text(&output.stdout), text(&output.stderr));
        assert!(
            !output.status.success() && said.is_empty(),
            "{by}: {said}{complained}"
        );
        assert!(complained.contains(reason), "{by}: {complained}");
    }
}

/// Builds the demo as the README says, without the tests' strictness in the way.
fn build_demo(name: &str, libraries: &[&OsStr]) -> PathBuf {
    let folder = native::out_dir().join("fortran").join(name);
    fs::create_dir_all(&folder).expect("a folder for the demo");
    let program = folder.join("demo");
    native::run(
        Command::new(COMPILER)
            .args(STRICT)
            .arg("-O2")
            .arg("-J")
            .arg(&folder)
            .arg(module_source())
            .arg(source("bindings/fortran/demo.f90"))
            .args(libraries)
            .arg("-o")
            .arg(&program),
    );
    program
}

#[test]
fn demo() {
    if !have_compiler() {
        return;
    }
    let folder = library_dir();
    let archive = folder.join("libcentra.a");
    let mut with_archive = vec![archive.as_os_str()];
    with_archive.extend(native::SYSTEM_LIBRARIES.iter().map(OsStr::new));
    let mut programs = vec![build_demo("static", &with_archive)];
    if cfg!(target_os = "linux") {
        let shared = folder.join("libcentra.so");
        let rpath = format!("-Wl,-rpath,{}", folder.display());
        programs.push(build_demo(
            "shared",
            &[shared.as_os_str(), OsStr::new(&rpath)],
        ));
    }
    let iris = source("tests/data/iris.csv");
    let mut answers = Vec::new();
    for program in &programs {
        for isa in INSTRUCTION_SETS {
            let said = native::run(Command::new(program).arg(&iris).env("CENTRA_ISA", isa));
            for part in [
                "blobs: 5000 points",
                "iris: 150 flowers",
                "inertia",
                "iterations",
                "seconds",
            ] {
                assert!(said.contains(part), "demo, {isa}: no \"{part}\" in\n{said}");
            }
            // The same numbers each time, but for the first line, which names the instruction set, and the clock's.
            let answer: Vec<String> = said
                .lines()
                .skip(1)
                .filter(|line| !line.trim_start().starts_with("seconds"))
                .map(str::to_owned)
                .collect();
            answers.push(answer);
        }
    }
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "{answers:#?}"
    );
    // The best three clusters of Iris, as textbooks have them: 62, 50 and 38 flowers.
    let iris_part = answers[0]
        .iter()
        .skip_while(|line| !line.starts_with("iris"));
    let mut counts: Vec<&str> = iris_part
        .skip(2)
        .take(3)
        .filter_map(|line| line.split_whitespace().last())
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, ["38", "50", "62"]);

    let missing = output(Command::new(&programs[0]).arg("no-such-file.csv"));
    assert!(!missing.status.success() && text(&missing.stderr).contains("no-such-file.csv"));
}

/// The first program of the README is the first thing a reader compiles.
#[test]
fn the_program_of_the_readme() {
    if !have_compiler() {
        return;
    }
    let readme = fs::read_to_string(source("bindings/fortran/README.md")).expect("README.md");
    let program = first_block(&readme, "fortran");
    let folder = native::out_dir().join("fortran").join("readme");
    fs::create_dir_all(&folder).expect("a folder for the README's program");
    let file = folder.join("flowers.f90");
    fs::write(&file, program).expect("the README's program");
    let built = folder.join("flowers");
    native::run(
        Command::new(COMPILER)
            .args(STRICT)
            .arg("-J")
            .arg(&folder)
            .args([module_source(), file])
            .arg(library_dir().join("libcentra.a"))
            .args(native::SYSTEM_LIBRARIES)
            .arg("-o")
            .arg(&built),
    );
    native::run(&mut Command::new(built));
}

/// The first block of the README in this language.
fn first_block(readme: &str, language: &str) -> String {
    readme
        .split(&format!("```{language}\n"))
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("such a block in the README")
        .to_owned()
}

/// A package of the Fortran package manager that depends on ours, as the README has it.
#[test]
#[cfg(unix)]
fn a_package_of_fpm() {
    // The name is also that of a program which makes packages for distributions.
    let version = Command::new("fpm").arg("--version").output();
    if !version.is_ok_and(|said| text(&said.stdout).contains("Fortran package manager")) {
        native::missing("fpm", "python3-venv, then pip install fpm");
        return;
    }
    if !have_compiler() {
        return;
    }
    let readme = fs::read_to_string(source("bindings/fortran/README.md")).expect("README.md");
    let package = native::scratch("fortran-fpm");
    fs::create_dir(package.join("app")).expect("a folder for a program");
    let program = first_block(&readme, "fortran");
    fs::write(package.join("app/main.f90"), program).expect("a program");
    fs::write(package.join("fpm.toml"), first_block(&readme, "toml")).expect("a manifest");
    // Paths in a manifest are relative.
    std::os::unix::fs::symlink(native::ROOT, package.join("centra")).expect("a clone");
    let folder = library_dir();
    let flags = format!("-L{0} -Wl,-rpath,{0}", folder.display());
    let run = ["run", "--compiler", COMPILER, "--link-flag", flags.as_str()];
    native::succeed(
        Command::new("fpm")
            .args(run)
            .current_dir(&package)
            // Cargo's, with older copies of the library in front.
            .env_remove("LD_LIBRARY_PATH"),
    );

    let manifest = fs::read_to_string(source("bindings/fortran/fpm.toml")).expect("fpm.toml");
    let version = format!("\nversion = \"{}\"\n", env!("CARGO_PKG_VERSION"));
    assert!(manifest.contains(&version), "{manifest}");
}

/// `NAME value` pairs of whole-number constants.
fn constants<'a>(
    lines: impl Iterator<Item = &'a str>,
    parse: impl Fn(&'a str) -> Option<(&'a str, &'a str)>,
) -> BTreeMap<&'a str, i32> {
    lines
        .filter_map(parse)
        .filter(|(name, _)| name.starts_with("CENTRA_"))
        .filter_map(|(name, value)| Some((name, value.trim().parse().ok()?)))
        .collect()
}

/// Names of functions in C text: identifiers with our prefix right before a parenthesis.
fn functions(header: &str) -> Vec<&str> {
    header
        .split('(')
        .filter_map(|before| {
            let start = before
                .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .map_or(0, |at| at + 1);
            before[start..]
                .starts_with("centra_")
                .then_some(&before[start..])
        })
        .collect()
}

#[test]
fn constants_and_functions_are_those_of_the_header() {
    let header = fs::read_to_string(source("include/centra.h")).expect("include/centra.h");
    let module = fs::read_to_string(module_source()).expect("centra.f90");
    // Comments speak of functions too.
    let code: String = header
        .split("/*")
        .map(|piece| piece.rsplit("*/").next().unwrap_or(""))
        .flat_map(str::lines)
        .map(|line| line.split("//").next().unwrap_or("").to_owned() + "\n")
        .collect();
    let in_header = constants(code.lines(), |line| {
        line.trim().strip_suffix(',')?.split_once(" = ")
    });
    let in_module = constants(module.lines(), |line| {
        line.trim()
            .strip_prefix("integer(int32), parameter, public :: ")?
            .split_once(" = ")
    });
    assert!(in_module.len() > 20, "{in_module:?}");
    assert_eq!(in_header, in_module);
    let mut declared = functions(&code);
    declared.sort_unstable();
    declared.dedup();
    assert!(declared.len() > 10, "{declared:?}");
    // What has a form that is told the size of a struct is bound in that form.
    let sized = |name: &str| declared.contains(&&*format!("{name}_sized"));
    for &name in declared.iter().filter(|name| !sized(name)) {
        assert!(
            module.contains(&format!("bind(C, name=\"{name}\")")),
            "{name} is in include/centra.h and not in centra.f90"
        );
    }
}
