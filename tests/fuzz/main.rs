//! Random calls on random inputs, each along two random ways that must agree in every bit, and with the reference. Ways differ in
//! instruction set, threads, layout, algorithm, memory, in one piece or in chunks, and in the language: Rust or C.
//!
//! `cargo test` does a fixed number of them; `make fuzz SECONDS=3600` goes on from a seed of its own for so long. A case that
//! fails is made smaller and written to a file; once it is mended, the file goes into `tests/fuzz/corpus`, which is replayed
//! always. `FUZZ_SEED=... FUZZ_CASES=1` draws one case again, `FUZZ_CASE=path` reads one.
//!
//! `make soak SECONDS=3600` draws cases of many points and few centers, so that the reference has time for as many labels as
//! it can, and watches the memory of the process.

mod c;
mod call;
mod case;
mod families;
#[path = "../harness/mod.rs"]
mod harness;
mod minimise;
#[path = "../options/mod.rs"]
mod options;
#[path = "../reference/mod.rs"]
mod reference;

use call::{Checked, Patience};
use case::{Case, Weighting};
use std::path::Path;
use std::time::{Duration, Instant};

/// Cases of `cargo test`.
const CASES: u64 = 1500;
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
        if let Err(difference) = Case::read(&name.to_string(), &text).check(Patience::SHORT) {
            panic!("{name}: {difference}");
        }
    }
}

#[test]
fn cases_are_read_as_they_were_written() {
    for seed in 0..100 {
        let text = Case::drawn(seed, Weighting::Switches).written();
        let again = Case::read("", &text).written();
        assert!(text.lines().skip(1).eq(again.lines().skip(1)), "{seed}");
    }
}

/// What came of many cases.
#[derive(Default)]
struct Tally {
    calls: u64,
    refused: u64,
    referred: u64,
    labels: usize,
    failed: Vec<u64>,
}

impl Tally {
    /// Checks the case of a seed.
    fn check(&mut self, seed: u64, weighting: Weighting) {
        let patience = match weighting {
            Weighting::Switches => Patience::SHORT,
            Weighting::Labels => Patience::LONG,
        };
        let case = Case::drawn(seed, weighting);
        self.calls += 1;
        match case.check(patience) {
            Ok(Checked::Refused) => self.refused += 1,
            Ok(Checked::Agreed { labels, referred }) => {
                self.labels += labels;
                self.referred += u64::from(referred);
            }
            Err(difference) => {
                println!(
                    "seed {seed}: {difference}\n  {} ({:?}, {:?})",
                    case.input.name, case.call, case.ways
                );
                self.failed.push(seed);
                let least = minimise::minimise(&case, patience, Duration::from_secs(60));
                let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{seed}.case"));
                std::fs::write(&path, least.written()).expect("a file can be written");
                let (n, k, d) = (least.n(), least.input.k(), least.input.d);
                println!(
                    "  as n {n}, d {d}, k {k} in {}: {}\n  {:?}",
                    path.display(),
                    least.check(patience).err().unwrap_or_default(),
                    least.ways
                );
            }
        }
    }

    fn say(&self, first: u64, began: Instant) {
        println!(
            "{} calls from seed {first} in {} s: {} refused, {} compared with the reference, {} labels of these, {} failed",
            self.calls,
            began.elapsed().as_secs(),
            self.refused,
            self.referred,
            self.labels,
            self.failed.len()
        );
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
    let (began, mut tally) = (Instant::now(), Tally::default());
    while tally.calls < cases
        && end.is_none_or(|end| Instant::now() < end)
        && tally.failed.len() < ENOUGH
    {
        tally.check(first.wrapping_add(tally.calls), Weighting::Switches);
        if tally.calls.is_multiple_of(10_000) {
            tally.say(first, began);
        }
    }
    tally.say(first, began);
    assert!(
        tally.failed.is_empty(),
        "calls of the seeds {:?} failed",
        tally.failed
    );
}

/// Of a process that goes on for hours, memory may not grow: what is resident in the last third of the time is what was in the
/// first. What an allocator keeps comes and goes, so of ten looks in a third the least one counts, and `make soak` lets glibc have
/// one arena only.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "for as long as it is asked for: make soak"]
fn soak() {
    /// Bytes resident, once the allocator has given back what it can.
    fn resident() -> u64 {
        #[cfg(target_env = "gnu")]
        {
            extern "C" {
                fn malloc_trim(pad: usize) -> i32;
            }
            // SAFETY: a function of the C library that may be called at any time.
            unsafe { malloc_trim(0) };
        }
        let pages = std::fs::read_to_string("/proc/self/statm").expect("a file of the kernel");
        let pages = pages
            .split(' ')
            .nth(1)
            .and_then(|pages| pages.parse::<u64>().ok());
        pages.expect("resident pages") * 4096
    }
    const SLACK: u64 = 2 << 20;
    const LOOKS: u32 = 30;

    let first = variable("FUZZ_SEED").unwrap_or(0);
    let time = Duration::from_secs(variable("FUZZ_SECONDS").unwrap_or(10));
    let (began, mut tally, mut seen) = (Instant::now(), Tally::default(), Vec::new());
    while seen.len() < LOOKS as usize && tally.failed.len() < ENOUGH {
        if began.elapsed() < time * (seen.len() as u32 + 1) / LOOKS {
            tally.check(first.wrapping_add(tally.calls), Weighting::Labels);
            continue;
        }
        seen.push(resident());
        if seen.len() % 5 == 0 {
            tally.say(first, began);
        }
    }
    let thirds = seen.chunks(LOOKS as usize / 3);
    let least: Vec<u64> = thirds
        .filter_map(|looks| looks.iter().min().copied())
        .collect();
    println!("bytes resident at the start, in the middle and at the end: {least:?}");
    assert!(
        tally.failed.is_empty(),
        "calls of the seeds {:?} failed",
        tally.failed
    );
    let grown = least.iter().any(|&bytes| bytes > least[0] + SLACK);
    assert!(!grown, "memory grows");
}
