//! A file larger than memory: `bindings/c/stream.c` under a limit of address space, against a fit of all points in one array.

mod native;

use native::raw::{blobs, expected, numbers, write};
use native::{Language, Link};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program; as C++ its source is clean, too.
fn build(scratch: &Path) -> PathBuf {
    let source = native::file("bindings/c/stream.c");
    let (object, program) = (scratch.join("stream.o"), scratch.join("stream"));
    match native::compiler(Language::Cpp) {
        Some(compiler) => native::compile(compiler, Language::Cpp, &source, &object),
        None => native::missing("a C++ compiler", "g++"),
    }
    let compiler =
        || native::compiler(Language::C11).expect("a C compiler (Debian: apt-get install gcc)");
    native::compile(compiler(), Language::C11, &source, &object);
    native::link(compiler(), &object, Link::Static, &program);
    program
}

fn arguments(file: &Path, numbers: [usize; 3]) -> Vec<String> {
    let mut all = vec![file.display().to_string()];
    all.extend(numbers.map(|number| number.to_string()));
    all
}

fn refused(command: &mut Command) -> String {
    let output = command.output().expect("the program");
    assert!(
        output.stdout.is_empty() && !output.status.success(),
        "{output:?}"
    );
    String::from_utf8(output.stderr).expect("text")
}

/// 64 MiB of points, 16 MiB of address space, of which program and C library take 6.
#[cfg(target_os = "linux")] // which keeps to such limits
#[test]
fn a_file_larger_than_memory() {
    let scratch = native::scratch("out_of_core");
    let program = build(&scratch);
    let (mebibytes, limit, d, k) = (64, 16, 8, 16);
    let n = mebibytes * 1024 * 1024 / 8 / d;
    let file = scratch.join("points");
    let points = blobs(n, d, k);
    write(&file, &points);
    let want = expected(&points, d, k);
    drop(points);

    let limited = |chunk: usize| {
        // Not exec: to a process that replaces another, Linux adds what that one had at its peak.
        let script = format!("ulimit -v {}; \"$@\"; exit $?", limit * 1024);
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh"]);
        command.arg(&program).args(arguments(&file, [d, k, chunk]));
        command
    };
    let output = native::succeed(&mut limited(20_011));
    assert!(numbers(&output) == want, "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    let peak = said
        .lines()
        .last()
        .and_then(|line| line.split_whitespace().nth(2)?.parse::<usize>().ok());
    assert!(peak.is_some_and(|kib| kib <= limit * 1024), "{said}");

    let said = refused(&mut limited(n));
    assert!(said.starts_with("stream: no memory for a chunk"), "{said}");
    std::fs::remove_file(&file).expect("the file is no more needed");
}

/// Chunks of any size, more than all points among them.
#[test]
fn the_size_of_chunks_does_not_matter() {
    let scratch = native::scratch("chunks");
    let program = build(&scratch);
    let (n, d, k) = (2000, 3, 7);
    let file = scratch.join("points");
    let points = blobs(n, d, k);
    write(&file, &points);
    let want = expected(&points, d, k);
    for chunk in [1, 17, 1000, n, 10 * n] {
        let output = native::succeed(Command::new(&program).args(arguments(&file, [d, k, chunk])));
        assert!(numbers(&output) == want, "chunks of {chunk}: {output:?}");
    }
}

/// What cannot be clustered is refused in words that say where it is.
#[test]
fn refusals_name_the_place() {
    let scratch = native::scratch("chunks_refused");
    let program = build(&scratch);
    let file = scratch.join("points");
    let mut points = blobs(100, 3, 7);
    points[3 * 52 + 1] = f64::NAN;
    write(&file, &points);
    let attempt =
        |file: &Path, numbers| refused(Command::new(&program).args(arguments(file, numbers)));
    let said = attempt(&file, [3, 7, 50]);
    assert!(
        said.contains("(points: NaN at row 2, dimension 1), row 0 being point 50 of "),
        "{said}"
    );
    let said = attempt(&file, [3, 101, 50]);
    assert!(
        said.contains("(k = 101 is more than total = 100)"),
        "{said}"
    );
    let said = attempt(&file, [7, 3, 50]);
    assert!(
        said.contains("2400 bytes are no points of 7 doubles"),
        "{said}"
    );
    let said = attempt(&scratch.join("nothing"), [3, 7, 50]);
    assert!(said.contains("No such file"), "{said}");
    let said = attempt(&file, [3, 7, 0]);
    assert!(said.starts_with("usage: "), "{said}");
}
