//! The C API as a C program sees it: the programs of `tests/c`, compiled as C11 and as C++ with every warning an error,
//! linked with the static and with the shared library, and run, under every instruction set and under valgrind.

mod isas;
mod native;

use isas::isas;
use native::{Language, Link};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles and links a C source in all four ways; a missing C++ compiler leaves two.
fn build(source: &Path, scratch: &Path) -> Vec<(Language, Link, PathBuf)> {
    let name = source
        .file_stem()
        .and_then(|name| name.to_str())
        .expect("a name");
    let mut programs = Vec::new();
    for language in [Language::C11, Language::Cpp] {
        let Some(compiler) = native::compiler(language) else {
            match language {
                Language::C11 => panic!("no C compiler (Debian: apt-get install gcc)"),
                Language::Cpp => native::missing("a C++ compiler", "g++"),
            }
            continue;
        };
        let threads = |mut compiler: Command| {
            // What the caller's own threads need: OpenMP, and those of C++.
            if name == "callers" {
                compiler.arg(match language {
                    Language::C11 => "-fopenmp",
                    Language::Cpp => "-pthread",
                });
            }
            compiler
        };
        let object = scratch.join(format!("{name}-{language:?}.o"));
        native::compile(threads(compiler), language, source, &object);
        for link in [Link::Static, Link::Shared] {
            let compiler = threads(native::compiler(language).expect("still there"));
            let program = scratch.join(format!("{name}-{language:?}-{link:?}"));
            native::link(compiler, &object, link, &program);
            programs.push((language, link, program));
        }
    }
    programs
}

/// Runs the program of that name as each language and linked with each library, the first of these under every instruction set: a
/// library has the same kernels for all of them. It reports its checks on one line, and nothing else.
fn run_everywhere(name: &str) {
    let scratch = native::scratch(name);
    let programs = build(&native::file(&format!("tests/c/{name}.c")), &scratch);
    for (index, (_, _, program)) in programs.into_iter().enumerate() {
        // The best comes last.
        let others = if index == 0 { 0 } else { isas().count() - 1 };
        for isa in isas().skip(others) {
            let printed = native::run(Command::new(&program).env("CENTRA_ISA", isa));
            let checks = printed
                .strip_prefix(&format!("{name}: "))
                .and_then(|rest| rest.strip_suffix(" checks passed\n"))
                .and_then(|count| count.parse::<u64>().ok());
            assert!(
                checks > Some(0),
                "{program:?} under {isa} printed {printed:?}"
            );
        }
    }
}

#[test]
fn valid() {
    run_everywhere("valid");
}

#[test]
fn coordinates() {
    run_everywhere("coordinates");
}

#[test]
fn many() {
    run_everywhere("many");
}

#[test]
fn errors() {
    run_everywhere("errors");
}

/// `docs/faults.md` shows what the tables of `errors` and `stream` go through, fault by fault. `CENTRA_WRITE_TABLE=1` writes it anew.
#[test]
fn faults_are_listed() {
    use std::collections::BTreeMap;
    let statuses = [
        "",
        "NULL",
        "SHAPE",
        "NONFINITE",
        "RANGE",
        "WEIGHTS",
        "WORKSPACE",
        "OPTION",
        "ALIAS",
        "EMPTY",
        "LABEL",
    ];
    let scratch = native::scratch("faults");
    let mut table = String::from("| fault | status | functions |\n|---|---|---|\n");
    for name in ["errors", "stream"] {
        let program = build(&native::file(&format!("tests/c/{name}.c")), &scratch)
            .swap_remove(0)
            .2;
        let printed = native::run(Command::new(&program).env("CENTRA_TESTS_TABLE", "1"));
        let mut faults: BTreeMap<(String, usize), Vec<&str>> = BTreeMap::new();
        for line in printed.lines().filter(|line| line.contains('|')) {
            let mut words = line.split('|');
            let mut word = || words.next().expect("three words");
            let (fault, status, function) = (word().replace('_', " "), word(), word());
            let status: i32 = status.parse().expect("a status");
            let functions = faults.entry((fault, -status as usize)).or_default();
            if !functions.contains(&function) {
                functions.push(function);
            }
        }
        for ((fault, status), functions) in faults {
            table += &format!(
                "| {fault} | {} | {} |\n",
                statuses[status],
                functions.join(", ")
            );
        }
    }
    let file = native::file("docs/faults.md");
    let page = std::fs::read_to_string(&file).expect("docs/faults.md");
    let (start, end) = ("<!-- faults -->\n", "<!-- end of faults -->\n");
    let from = page.find(start).expect("where faults start") + start.len();
    let to = page.find(end).expect("where faults end");
    if std::env::var_os("CENTRA_WRITE_TABLE").is_some() {
        let page = format!("{}{table}{}", &page[..from], &page[to..]);
        std::fs::write(&file, page).expect("docs/faults.md");
    } else {
        assert!(
            page[from..to] == table,
            "docs/faults.md shows other faults; CENTRA_WRITE_TABLE=1 writes them anew"
        );
    }
}

#[test]
fn answers() {
    run_everywhere("answers");
}

#[test]
fn stream() {
    run_everywhere("stream");
}

/// What stands in `tests/data/golden.txt`.
#[test]
fn golden() {
    run_everywhere("golden");
}

/// OpenMP's threads, and a pool's in C++.
#[test]
fn callers() {
    run_everywhere("callers");
}

/// A program that is linked with the static library and built once, as C.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn build_once(name: &str) -> PathBuf {
    let scratch = native::scratch(name);
    let (object, program) = (scratch.join("object.o"), scratch.join("program"));
    let compiler =
        || native::compiler(Language::C11).expect("a C compiler (Debian: apt-get install gcc)");
    let source = native::file(&format!("tests/c/{name}.c"));
    native::compile(compiler(), Language::C11, &source, &object);
    native::link(compiler(), &object, Link::Static, &program);
    program
}

/// Random calls have the same answers with every instruction set; tests/aarch64.sh compares them with those on AArch64.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn differential() {
    let program = build_once("differential");
    let lines = |isa: &str| {
        let mut command = Command::new(&program);
        native::run(command.args(["7", "400"]).env("CENTRA_ISA", isa))
    };
    let best = lines("");
    assert_eq!(best.lines().count(), 400);
    for isa in isas() {
        assert_eq!(lines(isa), best, "{isa}");
    }
}

/// Failing memory and threads, cancellation, forks, signals; also where the environment would have workers of no stack, and an
/// instruction set that does not exist.
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
#[test]
fn around() {
    let library = native::shared();
    let mut command = Command::new(build_once("around"));
    command.arg(library);
    let printed = native::run(
        command
            .env("RUST_MIN_STACK", "1")
            .env("CENTRA_ISA", "nonsense"),
    );
    println!("{printed}");
    assert!(printed.contains("0 killed, 0 hung, 0 wrong"), "{printed}");
}

#[test]
fn demo() {
    let scratch = native::scratch("demo");
    let mut answers = Vec::new();
    for (_, _, program) in build(&native::file("bindings/c/demo.c"), &scratch) {
        for isa in isas() {
            let mut command = Command::new(&program);
            let printed = native::run(
                command
                    .arg(native::file("tests/data/iris.csv"))
                    .env("CENTRA_ISA", isa),
            );
            assert!(
                printed.contains("inertia 78.8514414261"),
                "the best of three clusters of irises: {printed}"
            );
            assert!(printed.contains("Blobs: 5000 points"), "{printed}");
            // All but the first line (it names the instruction set) and the timings is the one answer.
            let answer = printed
                .lines()
                .skip(1)
                .filter(|line| !is_timing(line))
                .map(str::to_owned);
            answers.push(answer.collect::<Vec<_>>());
        }
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:#?}"
    );

    let program = build(&native::file("bindings/c/demo.c"), &scratch)
        .swap_remove(0)
        .2;
    let no_file = Command::new(&program)
        .arg("no-such-file.csv")
        .output()
        .expect("the demo");
    assert!(!no_file.status.success() && !no_file.stderr.is_empty());
}

/// The row of milliseconds: five numbers, none of them an integer as the clusters and counts of the other rows are.
fn is_timing(line: &str) -> bool {
    line.split_whitespace().count() == 5 && line.split_whitespace().all(|word| word.contains('.'))
}

/// The header by itself is a translation unit, and what it initialises is a constant, from C99 to C23 and from C++11 to C++23.
#[test]
fn header_alone() {
    let scratch = native::scratch("header_alone");
    let source = scratch.join("alone.c");
    let text = r#"
        #include "centra.h"
        #include "centra.h"
        static const centra_options options = CENTRA_OPTIONS_DEFAULT;
        static const centra_report report = CENTRA_REPORT_DEFAULT;
        static const centra_problem problem = CENTRA_PROBLEM_DEFAULT;
        size_t sizes(void);
        size_t sizes(void)
        {
        #ifndef __cplusplus
            centra_options chosen = CENTRA_OPTIONS(.threads = 0, .seed = 42);
            return chosen.struct_size + options.struct_size + report.struct_size + problem.struct_size;
        #else
            return options.struct_size + report.struct_size + problem.struct_size;
        #endif
        }
    "#;
    std::fs::write(&source, format!("{}\n", text.trim())).expect("a source");
    for (compilers, language, standards) in [
        (
            ["gcc", "clang"],
            "c",
            ["c99", "c11", "c17", "c2x"].as_slice(),
        ),
        (
            ["g++", "clang++"],
            "c++",
            &["c++11", "c++14", "c++17", "c++20", "c++2b"],
        ),
    ] {
        for compiler in compilers {
            if !native::is_there(compiler) {
                native::missing(compiler, "gcc g++ clang");
                continue;
            }
            for standard in standards {
                let mut command = Command::new(compiler);
                command
                    .args(["-x", language, &format!("-std={standard}")])
                    .args(["-fsyntax-only", "-Wshadow", "-Wconversion"])
                    .args(native::FLAGS)
                    .arg("-I")
                    .arg(native::file("include"))
                    .arg(&source);
                native::succeed(&mut command);
            }
        }
    }
}

/// No read of uninitialised or foreign memory, no leak: not in calls that succeed, nor in calls that are refused.
#[test]
fn valgrind() {
    if !native::is_there("valgrind") {
        return native::missing("valgrind", "valgrind");
    }
    let scratch = native::scratch("valgrind");
    let iris = native::file("tests/data/iris.csv");
    let suppressions = native::file("tests/c/valgrind.supp");
    for (source, threads, arguments) in [
        ("tests/c/valid.c", true, vec![]),
        ("tests/c/errors.c", true, vec![]),
        ("tests/c/stream.c", true, vec![]),
        ("bindings/c/demo.c", false, vec![iris]),
        ("bindings/c/minimal.c", false, vec![]),
    ] {
        let program = build(&native::file(source), &scratch).swap_remove(0).2;
        let mut command = Command::new("valgrind");
        command
            .args(["-q", "--error-exitcode=9", "--leak-check=full"])
            .arg("--errors-for-leak-kinds=definite,indirect,possible")
            .args(threads.then(|| format!("--suppressions={}", suppressions.display())))
            .arg(program)
            .args(arguments)
            .env("CENTRA_TESTS_VALGRIND", "1");
        native::run(&mut command);
    }
}
