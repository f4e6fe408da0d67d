//! Mutation testing: which changes of the library's source does no test notice?
//!
//! The library is compiled once with all mutants in it (rewrite.rs); an environment variable says which of them is on (on.rs). Each test
//! is run once without any, and the places it reaches are written down. Then each mutant meets the tests that reach it, the likely and
//! quick ones first, one process a test, until one fails or takes much longer than it should.
//!
//! What no test can notice, since it changes the time alone or nothing at all, is listed with its reason in equivalent.txt.

mod rewrite;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rewrite::{Mutant, Mutants, Rewritten};

const USAGE: &str = "words: --files=PREFIX,... --sample=N --seed=S --jobs=N --budget=SECONDS --only=TEXT --survivors --tests=NAME,... --opt=N
files: of which mutants are made; sample: so many of them, in proportion from each file; budget: the clean time of the tests that a mutant
may meet; only: mutants whose name has the text; survivors: those that survived the last time; tests: programs of tests/, none for the unit
tests alone; opt: the level of optimisation";

/// Files whose mistakes would be wrong answers: exact sums, quotients, certificates, bounds, stopping, relocation, validity.
const FILES: &[&str] = &[
    "src/exact/",
    "src/assign/precision/",
    "src/assign/margin",
    "src/assign/bounds",
    "src/assign/label",
    "src/assign/fallback",
    "src/fit/iterate",
    "src/fit/restarts",
    "src/fit/stop",
    "src/update/",
    "src/quantize/",
    "src/stream/farthest",
];

/// Tests of the library from outside that are quick, besides its unit tests.
const TESTS: &[&str] = &[
    "adversarial",
    "bounds",
    "equality",
    "exactness",
    "few_points",
    "means",
    "near_ties",
    "properties",
    "refused",
    "relocation",
    "restarts",
    "seeding",
    "stopping",
    "stream",
    "threads",
    "crossed",
];

/// A test that takes longer without a mutant is left out, in seconds.
const LONGEST: f64 = 15.0;

struct Settings {
    files: Vec<String>,
    tests: Vec<String>,
    sample: usize,
    seed: u64,
    jobs: usize,
    budget: f64,
    only: String,
    survivors: bool,
    opt: usize,
}

impl Settings {
    fn from_words() -> Self {
        let list = |text: &str| {
            text.split(',')
                .filter(|word| !word.is_empty())
                .map(str::to_string)
                .collect::<Vec<_>>()
        };
        let mut settings = Settings {
            files: FILES.iter().map(ToString::to_string).collect(),
            tests: TESTS.iter().map(ToString::to_string).collect(),
            sample: usize::MAX,
            seed: 1,
            jobs: 1,
            budget: 60.0,
            only: String::new(),
            survivors: false,
            opt: 1,
        };
        for word in std::env::args().skip(1) {
            let (name, value) = word.split_once('=').unwrap_or((&word, ""));
            let number = || value.parse::<usize>().expect(USAGE);
            match name {
                "--files" => settings.files = list(value),
                "--tests" => settings.tests = list(value),
                "--sample" => settings.sample = number(),
                "--seed" => settings.seed = number() as u64,
                "--jobs" => settings.jobs = number(),
                "--budget" => settings.budget = number() as f64,
                "--only" => settings.only = value.to_string(),
                "--opt" => settings.opt = number(),
                "--survivors" => settings.survivors = true,
                _ => panic!("{word}: {USAGE}"),
            }
        }
        settings
    }
}

fn main() {
    let settings = Settings::from_words();
    let root = fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).unwrap();
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let work = Work::new(&root, root.join(target).join("mutants"), &settings);

    let mut mutants = Mutants::default();
    let files = work.find(&settings.files, &mut mutants);
    println!("{} mutants of {} files", mutants.all.len(), files.len());
    let unviable = work.compile_mutants(&mutants, &files);
    println!("{} do not compile", unviable.len());

    let tests = work.tests(&settings.tests, mutants.places());
    let equivalent = Equivalent::read(&root.join("tests/mutants/equivalent.txt"), &mutants.all);
    let results = work.dir.join("results.tsv");
    let last = fs::read_to_string(&results).unwrap_or_default();
    let survived: HashSet<&str> = last
        .lines()
        .filter_map(|line| line.strip_prefix("survived\t")?.split('\t').next())
        .collect();
    let chosen = mutants.all.iter().filter(|mutant| {
        !unviable.contains(&mutant.id)
            && mutant.name().contains(&settings.only)
            && (!settings.survivors || survived.contains(mutant.name().as_str()))
    });
    let chosen = sample(chosen.collect(), settings.sample, settings.seed);
    println!("{} of them meet the tests", chosen.len());
    let outcomes = work.meet(&chosen, &tests, &equivalent, &settings, &results);
    summary(&chosen, &outcomes, &unviable, &mutants.all);
}

/// So many of the mutants, of each file in proportion, in an order that mixes files: whatever is done when a run is ended is a sample.
fn sample(mutants: Vec<&Mutant>, count: usize, seed: u64) -> Vec<&Mutant> {
    let mut of_file: HashMap<&str, Vec<(u64, &Mutant)>> = HashMap::new();
    for mutant in mutants {
        // splitmix64 of the seed and the number.
        let mut x = (seed << 32 | u64::from(mutant.id)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        of_file
            .entry(&mutant.file)
            .or_default()
            .push((x ^ (x >> 31), mutant));
    }
    let mut order = Vec::new();
    for file in of_file.values_mut() {
        file.sort_by_key(|&(random, _)| random);
        let all = file.len() as f64;
        order.extend(
            file.iter()
                .enumerate()
                .map(|(at, &(_, mutant))| ((at as f64 + 0.5) / all, mutant)),
        );
    }
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.id.cmp(&b.1.id)));
    order
        .into_iter()
        .map(|(_, mutant)| mutant)
        .take(count)
        .collect()
}

/// A copy of the tree, in which the mutants are.
struct Work {
    root: PathBuf,
    dir: PathBuf,
    tree: PathBuf,
    /// The level of optimisation.
    opt: usize,
}

/// A test of a program, and what it was like without a mutant.
struct Test {
    program: PathBuf,
    /// The program's name and that of the test in it.
    name: String,
    test: String,
    seconds: f64,
    reached: Vec<u8>,
}

enum End {
    Passed,
    Failed,
    TimedOut,
}

impl Work {
    /// Copies what git knows of the tree, but for the files that get mutants; files that are as they were are left alone.
    fn new(root: &Path, dir: PathBuf, settings: &Settings) -> Self {
        let tree = dir.join("tree");
        let listed = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(root)
            .output()
            .unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let files: HashSet<&str> = listed
            .split('\0')
            .filter(|file| !file.is_empty() && root.join(file).is_file())
            .collect();
        for file in files
            .iter()
            .filter(|file| !has_mutants(file, &settings.files) && **file != "src/lib.rs")
        {
            let bytes = fs::read(root.join(file)).unwrap();
            let bytes = match *file {
                "src/simd/level.rs" => without_avx512(String::from_utf8(bytes).unwrap()).into(),
                _ => bytes,
            };
            write_if_new(&tree.join(file), &bytes);
        }
        remove_others(&tree, &tree, &|file| {
            files.contains(file) || file == "src/mutant.rs"
        });
        Work {
            root: root.to_path_buf(),
            dir,
            tree,
            opt: settings.opt,
        }
    }

    /// The mutants of all files whose paths begin so: each file, and where its places are.
    fn find(&self, prefixes: &[String], mutants: &mut Mutants) -> Vec<(String, Range<usize>)> {
        let mut files = Vec::new();
        all_files(&self.root.join("src"), &mut files);
        let mut found = Vec::new();
        for path in files {
            let file = path
                .strip_prefix(&self.root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_string();
            if has_mutants(&file, prefixes) {
                let places = mutants
                    .find(&file, &fs::read_to_string(&path).unwrap())
                    .unwrap();
                found.push((file, places));
            }
        }
        found
    }

    /// Writes the mutants into the tree, without those that the compiler refuses: these are the result.
    fn compile_mutants(&self, mutants: &Mutants, files: &[(String, Range<usize>)]) -> HashSet<u32> {
        write_if_new(&self.tree.join("src/mutant.rs"), include_bytes!("on.rs"));
        let lib = fs::read_to_string(self.root.join("src/lib.rs")).unwrap();
        write_if_new(
            &self.tree.join("src/lib.rs"),
            (lib + "\nmod mutant;\n").as_bytes(),
        );
        let mut refused = HashSet::new();
        loop {
            let mut rewritten = HashMap::new();
            for (file, places) in files {
                let source = fs::read_to_string(self.root.join(file)).unwrap();
                let new = mutants.rewrite(&source, places.clone(), &refused);
                write_if_new(&self.tree.join(file), new.text.as_bytes());
                rewritten.insert(file.as_str(), new);
            }
            let messages = self.cargo(&["check", "--lib"]);
            let before = refused.len();
            let mut errors = 0;
            for message in messages
                .iter()
                .filter(|message| message["message"]["level"] == "error")
            {
                errors += 1;
                refused.extend(to_blame(&message["message"]["spans"], &rewritten));
            }
            if errors == 0 {
                return refused;
            }
            println!("  the compiler refuses {} more", refused.len() - before);
            if refused.len() == before {
                for message in &messages {
                    eprintln!(
                        "{}",
                        message["message"]["rendered"].as_str().unwrap_or_default()
                    );
                }
                panic!("errors that no mutant is to blame for");
            }
        }
    }

    /// Cargo's messages. Optimised a little, as tests run longer than the compiler; all checks are on, as in `make test`.
    fn cargo(&self, words: &[&str]) -> Vec<serde_json::Value> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        command
            .args(words)
            .args(["--quiet", "--message-format=json", "--profile=mutants"]);
        command.arg(format!("--config=profile.mutants.opt-level={}", self.opt));
        for setting in [
            "inherits='release'",
            "debug=false",
            "lto=false",
            "codegen-units=16",
            "debug-assertions=true",
            "overflow-checks=true",
            "incremental=false",
            "package.'*'.opt-level=0",
            "package.rayon-core.opt-level=2",
            "package.wide.opt-level=2",
        ] {
            command.arg(format!("--config=profile.mutants.{setting}"));
        }
        // What a mutant makes suspicious is not an error.
        command
            .env("RUSTFLAGS", "--cap-lints=allow")
            .env("CARGO_TARGET_DIR", self.dir.join("target"));
        let output = command
            .current_dir(&self.tree)
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Compiles the tests, and runs each once without a mutant.
    fn tests(&self, programs: &[String], places: usize) -> Vec<Test> {
        let mut words = vec!["test", "--no-run", "--lib"];
        for program in programs {
            words.extend(["--test", program]);
        }
        let mut found: Vec<Test> = Vec::new();
        for message in self.cargo(&words) {
            if message["message"]["level"] == "error" {
                panic!("{}", message["message"]["rendered"].as_str().unwrap());
            }
            let Some(program) = message["executable"].as_str() else {
                continue;
            };
            let list = |more: &[&str]| {
                let output = Command::new(program)
                    .args(["--list", "--format=terse"])
                    .args(more)
                    .current_dir(&self.tree)
                    .output()
                    .unwrap();
                let text = String::from_utf8(output.stdout).unwrap();
                text.lines()
                    .filter_map(|line| Some(line.strip_suffix(": test")?.to_string()))
                    .collect::<Vec<_>>()
            };
            let ignored: HashSet<String> = list(&["--ignored"]).into_iter().collect();
            for test in list(&[]).into_iter().filter(|test| !ignored.contains(test)) {
                let name = format!("{} {test}", message["target"]["name"].as_str().unwrap());
                found.push(Test {
                    program: program.into(),
                    name,
                    test,
                    seconds: 0.0,
                    reached: Vec::new(),
                });
            }
        }
        let map = self.dir.join("reached");
        let mut failed = 0;
        for test in &mut found {
            fs::write(&map, vec![0; places]).unwrap();
            let (end, seconds) = self.run(
                test,
                ("CENTRA_MUTANT_REACHED", map.to_str().unwrap()),
                LONGEST as u64,
                6.0 * LONGEST,
            );
            test.seconds = seconds;
            match end {
                End::Passed if test.seconds < LONGEST => test.reached = fs::read(&map).unwrap(),
                End::Passed | End::TimedOut => {
                    println!("left out, as it takes long: {}", test.name)
                }
                End::Failed => {
                    failed += 1;
                    println!("FAILED without a mutant: {}", test.name);
                }
            }
        }
        assert!(failed == 0, "tests fail without a mutant");
        found.retain(|test| !test.reached.is_empty());
        let seconds: f64 = found.iter().map(|test| test.seconds).sum();
        println!(
            "{} tests pass without a mutant, in {seconds:.0} s one after another",
            found.len()
        );
        found
    }

    /// Runs a test within so many seconds of CPU and of time: how it ends, and the seconds of CPU that it took, which a busy machine
    /// does not change.
    fn run(&self, test: &Test, variable: (&str, &str), cpu: u64, limit: f64) -> (End, f64) {
        // 8 GB of addresses, so that a mutant without end does not take the machine's memory.
        let limits = format!("ulimit -c 0; ulimit -t {cpu}; ulimit -v 8000000; exec \"$0\" \"$@\"");
        let child = Command::new("sh")
            .args(["-c", &limits])
            .arg(&test.program)
            .args(["--exact", &test.test, "--test-threads=1", "--quiet"])
            .env(variable.0, variable.1)
            .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
            .env("CARGO_MANIFEST_DIR", &self.tree)
            .current_dir(&self.tree)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pid = child.id() as libc::pid_t;
        let start = Instant::now();
        let mut pause = Duration::from_micros(500);
        let mut late = false;
        loop {
            let mut status = 0;
            // SAFETY: zeros are a valid value of this struct of numbers.
            let mut used: libc::rusage = unsafe { std::mem::zeroed() };
            // SAFETY: both pointers are to variables of this function; the child is waited for here alone.
            let ended = unsafe { libc::wait4(pid, &mut status, libc::WNOHANG, &mut used) };
            assert!(ended >= 0, "wait4: {}", std::io::Error::last_os_error());
            if ended == pid {
                let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
                let end = match status {
                    _ if late => End::TimedOut,
                    0 => End::Passed,
                    _ if libc::WIFSIGNALED(status)
                        && [libc::SIGXCPU, libc::SIGKILL].contains(&libc::WTERMSIG(status)) =>
                    {
                        End::TimedOut
                    }
                    _ => End::Failed,
                };
                return (end, seconds(used.ru_utime) + seconds(used.ru_stime));
            }
            if !late && start.elapsed().as_secs_f64() > limit {
                late = true;
                // SAFETY: the child has not been waited for, so its number is still its own.
                unsafe { libc::kill(pid, libc::SIGKILL) };
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// Every mutant meets the tests that reach it. A line of `results` for each, as soon as there is one.
    fn meet(
        &self,
        chosen: &[&Mutant],
        tests: &[Test],
        equivalent: &Equivalent,
        settings: &Settings,
        results: &Path,
    ) -> Vec<(u32, &'static str)> {
        let next = AtomicUsize::new(0);
        let shared = Mutex::new((
            Vec::new(),
            HashMap::<(String, usize), usize>::new(),
            fs::File::create(results).unwrap(),
        ));
        std::thread::scope(|scope| {
            for _ in 0..settings.jobs {
                scope.spawn(|| {
                    while let Some(mutant) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let start = Instant::now();
                        let order = order(mutant, tests, &shared.lock().unwrap().1);
                        let (mut outcome, mut by, mut met) = ("survived", None, 0.0);
                        if order.is_empty() {
                            outcome = "not reached";
                        }
                        for at in order {
                            let test = &tests[at];
                            if met + test.seconds > settings.budget {
                                continue;
                            }
                            met += test.seconds;
                            let id = mutant.id.to_string();
                            let (end, _) = self.run(
                                test,
                                ("CENTRA_MUTANT", &id),
                                3 + (4.0 * test.seconds) as u64,
                                30.0 + 20.0 * test.seconds,
                            );
                            outcome = match end {
                                End::Passed => continue,
                                End::Failed => "killed",
                                End::TimedOut => "timed out",
                            };
                            by = Some(at);
                            break;
                        }
                        if by.is_none() && equivalent.has(mutant) {
                            outcome = "equivalent";
                        }
                        let (outcomes, kills, results) = &mut *shared.lock().unwrap();
                        if let Some(at) = by {
                            *kills.entry((mutant.file.clone(), at)).or_insert(0) += 1;
                        }
                        outcomes.push((mutant.id, outcome));
                        let by = by.map_or("", |at| &tests[at].name);
                        use std::io::Write;
                        writeln!(
                            results,
                            "{outcome}\t{}\t{}\t{by}\t{:.1}",
                            mutant.name(),
                            mutant.line,
                            start.elapsed().as_secs_f64()
                        )
                        .unwrap();
                        if outcomes.len() % 100 == 0 {
                            println!(
                                "  {} of {} have met the tests",
                                outcomes.len(),
                                chosen.len()
                            );
                        }
                    }
                });
            }
        });
        shared.into_inner().unwrap().0
    }
}

/// The tests that reach a mutant, those first that are quick, beside the code, and have killed many of the file.
fn order(mutant: &Mutant, tests: &[Test], kills: &HashMap<(String, usize), usize>) -> Vec<usize> {
    let module = mutant
        .file
        .trim_start_matches("src/")
        .trim_end_matches(".rs")
        .trim_end_matches("/mod")
        .replace('/', "::");
    let mut order: Vec<(f64, usize)> = Vec::new();
    for (at, test) in tests
        .iter()
        .enumerate()
        .filter(|(_, test)| test.reached[mutant.place] == 1)
    {
        let near = if test.test.starts_with(&module) {
            4.0
        } else {
            1.0
        };
        let killed = kills.get(&(mutant.file.clone(), at)).copied().unwrap_or(0) as f64;
        order.push(((test.seconds + 0.01) / (near * (1.0 + killed)), at));
    }
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    order.into_iter().map(|(_, at)| at).collect()
}

/// Mutants that no test can notice.
struct Equivalent(HashSet<u32>);

impl Equivalent {
    /// Lines of `file | function | change | reason`; the change may be `*`, which is all of the function's, and a file or function may end with one.
    /// Others are empty or begin with a #. A line that no mutant has is a mistake.
    fn read(path: &Path, mutants: &[Mutant]) -> Self {
        let mut found = HashSet::new();
        for line in fs::read_to_string(path)
            .unwrap()
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let parts: Vec<&str> = line.split(" | ").collect();
            assert!(
                parts.len() >= 4 && !parts[parts.len() - 1].is_empty(),
                "file | function | change | reason: {line}"
            );
            // A change may have the separator in it.
            let change = parts[2..parts.len() - 1].join(" | ");
            let before = found.len();
            let is = |pattern: &str, text: &str| {
                pattern
                    .strip_suffix('*')
                    .map_or(pattern == text, |start| text.starts_with(start))
            };
            found.extend(
                mutants
                    .iter()
                    .filter(|m| {
                        is(parts[0], &m.file) && is(parts[1], &m.function) && is(&change, &m.change)
                    })
                    .map(|m| m.id),
            );
            if found.len() == before {
                println!("equivalent.txt: no mutant is {line}");
            }
        }
        Equivalent(found)
    }

    fn has(&self, mutant: &Mutant) -> bool {
        self.0.contains(&mutant.id)
    }
}

/// A table of files and outcomes, and the names of those that survived.
fn summary(
    chosen: &[&Mutant],
    outcomes: &[(u32, &'static str)],
    unviable: &HashSet<u32>,
    all: &[Mutant],
) {
    const KINDS: [&str; 5] = [
        "killed",
        "timed out",
        "equivalent",
        "not reached",
        "survived",
    ];
    let of: HashMap<u32, &str> = outcomes.iter().copied().collect();
    let mut files: Vec<&str> = all.iter().map(|mutant| mutant.file.as_str()).collect();
    files.dedup();
    println!(
        "\n| file | mutants | unviable | met | {} |",
        KINDS.join(" | ")
    );
    println!("|---|{}", "---|".repeat(3 + KINDS.len()));
    let mut rows: Vec<(&str, Vec<usize>)> = Vec::new();
    for file in files {
        let here = || all.iter().filter(|mutant| mutant.file == file);
        let met = || chosen.iter().filter(|mutant| mutant.file == file);
        let mut row = vec![
            here().count(),
            here()
                .filter(|mutant| unviable.contains(&mutant.id))
                .count(),
            met().count(),
        ];
        row.extend(KINDS.map(|kind| {
            met()
                .filter(|mutant| of.get(&mutant.id) == Some(&kind))
                .count()
        }));
        rows.push((file, row));
    }
    let total = (0..3 + KINDS.len())
        .map(|column| rows.iter().map(|(_, row)| row[column]).sum())
        .collect();
    rows.push(("all", total));
    for (file, row) in rows {
        println!(
            "| {file} | {} |",
            row.iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" | ")
        );
    }
    for kind in ["not reached", "survived"] {
        for mutant in chosen
            .iter()
            .filter(|mutant| of.get(&mutant.id) == Some(&kind))
        {
            println!("{kind}: {} (line {})", mutant.name(), mutant.line);
        }
    }
}

/// The mutants that are to blame for an error of the compiler, which points to these spans.
fn to_blame(spans: &serde_json::Value, files: &HashMap<&str, Rewritten>) -> Vec<u32> {
    let offset = |span: &serde_json::Value, name: &str| span[name].as_u64().unwrap() as usize;
    let mut ranges: Vec<(Range<usize>, &Rewritten)> = Vec::new();
    for span in spans.as_array().unwrap() {
        if let Some(file) = files.get(span["file_name"].as_str().unwrap()) {
            ranges.push((offset(span, "byte_start")..offset(span, "byte_end"), file));
        }
    }
    ranges.sort_by_key(|(range, _)| range.len());
    let contains = |outer: &Range<usize>, inner: &Range<usize>| {
        outer.start <= inner.start && inner.end <= outer.end
    };
    for (range, file) in ranges {
        // The one in whose arm it is; or all of the smallest place around it; or all in it.
        if let Some((_, id)) = file
            .arms
            .iter()
            .filter(|(arm, _)| contains(arm, &range))
            .min_by_key(|(arm, _)| arm.len())
        {
            return vec![*id];
        }
        if let Some((_, ids)) = file
            .places
            .iter()
            .filter(|(place, _)| contains(place, &range))
            .min_by_key(|(place, _)| place.len())
        {
            return ids.clone();
        }
        let within: Vec<u32> = file
            .places
            .iter()
            .filter(|(place, _)| contains(&range, place))
            .flat_map(|(_, ids)| ids.clone())
            .collect();
        if !within.is_empty() {
            return within;
        }
    }
    Vec::new()
}

/// The list of levels without its entries of AVX-512: the kernels have no mutants, and theirs are half the time to compile.
fn without_avx512(source: String) -> String {
    let (before, list) = source.split_once("\nlevels! {\n").unwrap();
    let (list, after) = list.split_once("\n}\n").unwrap();
    let attribute = "    #[cfg(target_arch = \"x86_64\")]\n";
    let kept: Vec<&str> = list
        .split(attribute)
        .filter(|entry| !entry.trim_start().starts_with("avx512"))
        .collect();
    format!(
        "{before}\nlevels! {{\n{}\n}}\n{after}",
        kept.join(attribute)
    )
}

/// Whether a file's path begins with one of these. Lemmas are tests, and so is the arithmetic of rationals.
fn has_mutants(file: &str, prefixes: &[String]) -> bool {
    file.ends_with(".rs")
        && !file.ends_with("lemmas.rs")
        && !file.ends_with("/tests.rs")
        && file != "src/exact/rational.rs"
        && prefixes.iter().any(|prefix| file.starts_with(prefix))
}

fn write_if_new(path: &Path, bytes: &[u8]) {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn all_files(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        match path.is_dir() {
            true => all_files(&path, found),
            false => found.push(path),
        }
    }
}

/// Removes files that are no more in the tree that was copied.
fn remove_others(tree: &Path, dir: &Path, keep: &dyn Fn(&str) -> bool) {
    let mut files = Vec::new();
    all_files(dir, &mut files);
    for path in files {
        if !keep(path.strip_prefix(tree).unwrap().to_str().unwrap()) {
            fs::remove_file(path).unwrap();
        }
    }
}
