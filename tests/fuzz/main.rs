//! Random calls on random inputs, each along two random ways that must agree in every bit, and with the reference.
//!
//! `cargo test` does a fixed number of them; `make fuzz SECONDS=3600` goes on from a seed of its own for so long. A case that
//! fails is made smaller and written to a file; once it is mended, the file goes into `tests/fuzz/corpus`, which is replayed
//! always. `FUZZ_SEED=... FUZZ_CASES=1` draws one case again, `FUZZ_CASE=path` reads one.

mod call;
mod case;
mod families;
#[path = "../harness/mod.rs"]
mod harness;
mod minimise;
#[path = "../reference/mod.rs"]
mod reference;

use call::Checked;
use case::Case;
use std::path::Path;
use std::time::{Duration, Instant};

/// Cases of `cargo test`.
const CASES: u64 = 3000;
/// Failing cases after which a run ends.
const ENOUGH: usize = 10;

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number")),
    )
}

#[test]
fn found_cases_are_right() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let files = corpus.read_dir().expect("a directory of found cases");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|of| of == "case"));
    paths.extend(std::env::var_os("FUZZ_CASE").map(Into::into));
    for path in paths {
        let (name, text) = (
            path.display(),
            std::fs::read_to_string(&path).expect("text"),
        );
        if let Err(difference) = Case::read(&name.to_string(), &text).check() {
            panic!("{name}: {difference}");
        }
    }
}

#[test]
fn cases_are_read_as_they_were_written() {
    for seed in 0..100 {
        let text = Case::drawn(seed).written();
        let again = Case::read("", &text).written();
        assert!(text.lines().skip(1).eq(again.lines().skip(1)), "{seed}");
    }
}

#[test]
fn random_calls() {
    let first = variable("FUZZ_SEED").unwrap_or(0);
    let end = variable("FUZZ_SECONDS").map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let cases = match end {
        Some(_) => u64::MAX,
        None => variable("FUZZ_CASES").unwrap_or(CASES),
    };
    let (began, mut done, mut refused, mut referred, mut labels) = (Instant::now(), 0, 0, 0, 0);
    let mut failed = Vec::new();
    while done < cases && end.is_none_or(|end| Instant::now() < end) && failed.len() < ENOUGH {
        let seed = first.wrapping_add(done);
        let case = Case::drawn(seed);
        match case.check() {
            Ok(Checked::Refused) => refused += 1,
            Ok(Checked::Agreed {
                labels: n,
                referred: by_reference,
            }) => {
                labels += n;
                referred += usize::from(by_reference);
            }
            Err(difference) => {
                let least = minimise::minimise(&case, Duration::from_secs(60));
                let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{seed}.case"));
                std::fs::write(&path, least.written()).expect("a file can be written");
                let (n, k, d) = (least.n(), least.input.k(), least.input.d);
                let least_says = least.check().err().unwrap_or_default();
                println!(
                    "FUZZ_SEED={seed} FUZZ_CASES=1: {difference}\n  {} ({:?})",
                    case.input.name, case.call
                );
                println!(
                    "  as n {n}, d {d}, k {k} in {}: {least_says}\n  {:?}",
                    path.display(),
                    least.ways
                );
                failed.push(seed);
            }
        }
        done += 1;
        if done % 1_000 == 0 {
            println!("{done} calls in {} s", began.elapsed().as_secs());
        }
    }
    println!(
        "{done} calls from seed {first} in {} s: {refused} refused, {referred} compared with the reference, {labels} labels, {} failed",
        began.elapsed().as_secs(),
        failed.len()
    );
    assert!(failed.is_empty(), "calls of the seeds {failed:?} failed");
}
