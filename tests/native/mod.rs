//! What the tests that compile C need: the compilers, the library as C sees it, and how to run a program.
//!
//! The library is that of the package `library` in this folder, a development dependency, beside the test executable. Its rlib,
//! staticlib and cdylib come from one run of rustc, and cargo names none of the three by a hash, so those in that directory are as
//! fresh as the rlib of the crate that the test itself is linked with.

#![allow(dead_code)] // each test uses its part

pub mod raw;

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The root of the repository.
pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What `libcentra.a` needs from the system: `rustc --print native-static-libs`, as README, Makefile and centra.pc say it;
/// compilers add libgcc_s by themselves.
pub const SYSTEM_LIBRARIES: &[&str] = if cfg!(target_os = "macos") {
    &["-lSystem", "-lc", "-lm"]
} else {
    &["-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc"]
};

/// Warnings are errors, and D(x, c) has no fused multiply-add on the test's side either.
pub const FLAGS: &[&str] = &[
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Werror",
    "-ffp-contract=off",
];

/// A file of the repository.
pub fn file(path: &str) -> PathBuf {
    Path::new(ROOT).join(path)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    C11,
    Cpp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Static,
    Shared,
}

/// The directory that holds the library and the test executable.
pub fn library_dir() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    test.parent().expect("a directory").to_owned()
}

/// The static library.
pub fn archive() -> PathBuf {
    library_dir().join("libcentra_c.a")
}

/// The shared library.
pub fn shared() -> PathBuf {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    library_dir().join(format!("{DLL_PREFIX}centra_c{DLL_SUFFIX}"))
}

/// The compiler that `cc` would use in a build script (CC, CXX and their flags are honoured), or `None` when there is none.
pub fn compiler(language: Language) -> Option<Command> {
    let os = match std::env::consts::OS {
        "macos" => "apple-darwin",
        _ if cfg!(target_env = "musl") => "unknown-linux-musl",
        _ => "unknown-linux-gnu",
    };
    let triple = format!("{}-{os}", std::env::consts::ARCH);
    let tool = cc::Build::new()
        .cargo_metadata(false)
        .cargo_warnings(false)
        .warnings(false)
        .target(&triple)
        .host(&triple)
        .opt_level(1)
        .debug(true)
        .out_dir(out_dir())
        .cpp(language == Language::Cpp)
        .try_get_compiler()
        .ok()?;
    is_there(tool.path()).then(|| tool.to_command())
}

pub fn is_there(program: impl AsRef<OsStr>) -> bool {
    let version = Command::new(program).arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}

/// A tool is missing: a failure where everything has to run (CI), and elsewhere a line that says what was left out.
pub fn missing(tool: &str, package: &str) {
    let line = format!("{tool} is missing, and the tests that need it were left out (Debian: apt-get install {package})");
    assert!(std::env::var_os("CI").is_none(), "{line}");
    // Not eprintln: the harness would swallow it, since the test passes.
    let _ = writeln!(std::io::stderr(), "warning: {line}");
}

/// Compiles one source file to an object.
pub fn compile(mut compiler: Command, language: Language, source: &Path, object: &Path) {
    match language {
        Language::C11 => compiler.arg("-std=c11"),
        Language::Cpp => compiler.args(["-x", "c++", "-std=c++11"]),
    };
    compiler
        .args(FLAGS)
        .arg(format!(
            "-DEXPECTED_VERSION=\"{}\"",
            env!("CARGO_PKG_VERSION")
        ))
        .arg("-I")
        .arg(file("include"))
        .arg("-c")
        .arg(source)
        .arg("-o")
        .arg(object);
    succeed(&mut compiler);
}

/// Links an object with the library into a program.
pub fn link(mut compiler: Command, object: &Path, how: Link, program: &Path) {
    compiler.arg(object).arg("-o").arg(program);
    match how {
        Link::Static => {
            compiler.arg(archive());
            compiler.args(SYSTEM_LIBRARIES);
        }
        Link::Shared => {
            compiler.arg(shared()).args(["-lm", "-lpthread"]);
            compiler.arg(format!("-Wl,-rpath,{}", library_dir().display()));
        }
    }
    succeed(&mut compiler);
}

/// Runs a command that has to succeed, and returns what it printed.
///
/// Where `make -j` runs the tests, they inherit the name of its jobserver but not its pipe, of which rustc and others warn.
pub fn succeed(command: &mut Command) -> Output {
    for variable in ["CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS"] {
        command.env_remove(variable);
    }
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Runs a program that has to succeed without a word on stderr, and returns its stdout.
///
/// `cargo test` sets LD_LIBRARY_PATH, and first on it is the directory of the stale copies (see above), which would win over
/// the program's own run path.
pub fn run(command: &mut Command) -> String {
    command
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("DYLD_FALLBACK_LIBRARY_PATH");
    let output = succeed(command);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.is_empty(), "{command:?} wrote to stderr:\n{stderr}");
    String::from_utf8(output.stdout).expect("text")
}

/// Where tests put what they make: cargo's own directory for that.
pub fn out_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// An empty directory of this name for the test's products.
pub fn scratch(name: &str) -> PathBuf {
    let directory = out_dir().join(name);
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).expect("a scratch directory");
    directory
}
