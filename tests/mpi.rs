//! The programs of `bindings/mpi`: one answer for any number of ranks and threads, and one clear end where a rank has trouble.
//!
//! MPICH, and Open MPI beside it where both are installed under the names that Debian gives them.

mod native;

use centra::{Empty, KMeans, Points, Start};
use native::raw::{blobs, expected, numbers, write};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What Debian calls it: `mpicc.mpich`, say; or nothing more than `mpicc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mpi {
    suffix: &'static str,
}

impl Mpi {
    /// Those that are here.
    fn all() -> Vec<Mpi> {
        // Packages of other programs bring a compiler without the header.
        let here = |suffix: &&str| {
            let mut compiler = Command::new(format!("mpicc{suffix}"));
            let compiler = compiler.args(["-E", "-include", "mpi.h", "-x", "c", "/dev/null"]);
            compiler
                .output()
                .is_ok_and(|output| output.status.success())
        };
        let named = [".mpich", ".openmpi"].into_iter().filter(here);
        let mut all: Vec<_> = named.map(|suffix| Mpi { suffix }).collect();
        if all.is_empty() && here(&"") {
            all.push(Mpi { suffix: "" });
        }
        if all.is_empty() {
            native::missing("MPI", "mpich libmpich-dev");
        }
        all
    }

    fn tool(&self, name: &str) -> String {
        format!("{name}{}", self.suffix)
    }

    fn openmpi(&self) -> bool {
        self.suffix == ".openmpi"
    }

    /// Both programs; without gfortran the first.
    fn programs(&self, scratch: &Path) -> Vec<PathBuf> {
        let c = scratch.join(self.tool("kmeans-c"));
        let fortran = scratch.join(self.tool("kmeans-fortran"));
        native::succeed(
            Command::new(self.tool("mpicc"))
                .args(["-std=c11", "-O1"])
                .args(native::FLAGS)
                .arg("-I")
                .arg(native::file("include"))
                .arg(native::file("bindings/mpi/kmeans.c"))
                .arg(native::archive())
                .args(native::SYSTEM_LIBRARIES)
                .arg("-o")
                .arg(&c),
        );
        if !native::is_there("gfortran") {
            native::missing("gfortran", "gfortran");
            return vec![c];
        }
        native::succeed(
            Command::new(self.tool("mpifort"))
                .args(["-std=f2018", "-Wall", "-Wextra", "-Werror", "-O1"])
                .arg("-J")
                .arg(scratch)
                .arg(native::file("bindings/fortran/centra.f90"))
                .arg(native::file("bindings/mpi/kmeans.f90"))
                .arg(native::archive())
                .args(native::SYSTEM_LIBRARIES)
                .arg("-o")
                .arg(&fortran),
        );
        vec![c, fortran]
    }

    /// To start so many ranks of what is added to it.
    fn mpiexec(&self, ranks: usize) -> Command {
        let mut command = Command::new(self.tool("mpiexec"));
        command
            .env_remove("LD_LIBRARY_PATH")
            .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
            .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
            .args(self.openmpi().then_some("--oversubscribe"))
            .args(["-n", &ranks.to_string()]);
        command
    }
}

/// Ranks wait for one another by turning in circles: jobs take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(mpi: Mpi, ranks: usize, program: &Path, file: &Path, rest: &[usize]) -> Output {
    let _turn = turn();
    let mut command = mpi.mpiexec(ranks);
    command.arg(program).arg(file);
    command.args(rest.iter().map(usize::to_string));
    command.output().expect("mpiexec")
}

/// The one line in which the job says why it ended.
fn refusal(mpi: Mpi, output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && output.stdout.is_empty() || mpi.openmpi(),
        "{output:?}"
    );
    assert!(!output.status.success(), "{output:?}");
    let mut lines = said.lines().filter(|line| line.starts_with("kmeans: "));
    let line = lines.next().unwrap_or_default().to_owned();
    assert_eq!(lines.next(), None, "{said}");
    if !mpi.openmpi() {
        assert_eq!(said.trim_end(), line, "nothing else");
    }
    line
}

#[test]
fn any_number_of_ranks() {
    let scratch = native::scratch("mpi_ranks");
    let (n, d, k) = (997, 5, 9);
    let points = blobs(n, d, k);
    let (all, few) = (scratch.join("all"), scratch.join("few"));
    write(&all, &points);
    write(&few, &points[..4 * d]);
    let want = expected(&points, d, k);
    let want_few = expected(&points[..4 * d], d, 2);
    for mpi in Mpi::all() {
        for program in mpi.programs(&scratch) {
            for ranks in [1, 2, 3, 5] {
                for threads in [1, 2] {
                    let output = run(mpi, ranks, &program, &all, &[d, k, threads]);
                    assert!(
                        output.status.success() && numbers(&output) == want,
                        "{program:?}, {ranks} ranks of {threads} threads: {output:?}"
                    );
                }
            }
            // One rank has no points.
            let output = run(mpi, 5, &program, &few, &[d, 2]);
            assert!(numbers(&output) == want_few, "{program:?}: {output:?}");
        }
    }
}

/// Files of floats and of bytes give what the same numbers give as doubles.
#[test]
fn floats_and_bytes() {
    let scratch = native::scratch("mpi_types");
    let (n, d, k) = (499, 5, 6);
    let numbers_of =
        |widen: fn(f64) -> f64| -> Vec<f64> { blobs(n, d, k).into_iter().map(widen).collect() };
    let floats = numbers_of(|x| f64::from(x as f32));
    let bytes = numbers_of(|x| f64::from((2.0 * x) as u8));
    let file = |name: &str, bytes: Vec<u8>| {
        let path = scratch.join(name);
        std::fs::write(&path, bytes).expect("a file of points");
        path
    };
    let files = [
        (
            file(
                "floats",
                floats
                    .iter()
                    .flat_map(|&x| (x as f32).to_ne_bytes())
                    .collect(),
            ),
            "float",
            expected(&floats, d, k),
        ),
        (
            file("bytes", bytes.iter().map(|&x| x as u8).collect()),
            "byte",
            expected(&bytes, d, k),
        ),
    ];
    for mpi in Mpi::all() {
        for program in mpi.programs(&scratch) {
            let start = |ranks: usize, file: &Path, rest: &[&str]| {
                let _turn = turn();
                let mut command = mpi.mpiexec(ranks);
                command.arg(&program).arg(file).args(rest);
                command.output().expect("mpiexec")
            };
            for (path, name, want) in &files {
                for (ranks, threads) in [(1, "2"), (3, "1")] {
                    let output = start(ranks, path, &["5", "6", threads, name]);
                    assert!(
                        output.status.success() && numbers(&output) == *want,
                        "{program:?}, {name}, {ranks} ranks of {threads} threads: {output:?}"
                    );
                }
                let odd = refusal(mpi, &start(2, path, &["7", "6", "1", name]));
                assert!(
                    odd.ends_with(&format!(": the size is not that of rows of D {name}s")),
                    "{odd}"
                );
            }
            let unknown = refusal(mpi, &start(2, &files[0].0, &["5", "6", "1", "half"]));
            assert!(unknown.contains(": usage: "), "{unknown}");
        }
    }
}

/// Copies of numbers of so different scales that the rounds of k-means|| draw fewer of these than there are centers: some centers are
/// equal, and their clusters are empty, while other points are far from all centers.
fn emptied() -> (Vec<f64>, usize, Vec<u64>) {
    let k = 12;
    let (far, farther) = (110.00000000000001, 110000000.00000001);
    let copies = [
        (0.0, 6),
        (1e6, 3),
        (1.0, 1),
        (-1e6, 1),
        (far, 5),
        (-100.0, 3),
        (7e3, 8),
        (70.0, 7),
        (1e8, 1),
        (7e5, 6),
        (1e8, 6),
        (-1.0, 7),
        (1e4, 1),
        (far, 7),
        (farther, 1),
        (70.0, 7),
    ];
    let points: Vec<f64> = copies
        .into_iter()
        .flat_map(|(x, copies)| vec![x; copies])
        .collect();
    let want = expected(&points, 1, k);
    let all = Points::rows(&points, points.len(), 1).expect("points");
    let kept = KMeans::new(k).start(Start::Parallel).empty(Empty::Keep);
    let inertia = kept.fit(&all).expect("a fit").report.inertia;
    assert_ne!(inertia.to_bits(), want[k], "no cluster takes a point");
    (points, k, want)
}

#[test]
fn empty_clusters_take_the_farthest_points() {
    let scratch = native::scratch("mpi_empty");
    let (points, k, want) = emptied();
    let file = scratch.join("points");
    write(&file, &points);
    for mpi in Mpi::all() {
        for program in mpi.programs(&scratch) {
            for ranks in [1, 2, 3, 4] {
                let output = run(mpi, ranks, &program, &file, &[1, k]);
                assert!(
                    output.status.success() && numbers(&output) == want,
                    "{program:?}, {ranks} ranks: {output:?}"
                );
            }
        }
    }
}

#[test]
fn a_rank_in_trouble_ends_all() {
    let scratch = native::scratch("mpi_trouble");
    let (n, d, k) = (90, 3, 4);
    let good = blobs(n, d, k);
    let file = |name: &str, points: &[f64]| {
        let path = scratch.join(name);
        write(&path, points);
        path
    };
    let mut points = good.clone();
    points[d * 65 + 1] = f64::NAN;
    let bad = file("bad", &points);
    points[d * 31] = f64::INFINITY;
    let worse = file("worse", &points);
    let whole = file("0", &good);
    std::fs::copy(&whole, scratch.join("1")).expect("a copy");
    // As long as it has to be for all ranks but the last.
    file("2", &good[..d * 61]);
    for mpi in Mpi::all() {
        for program in mpi.programs(&scratch) {
            let said =
                |file: &Path, rest: &[usize]| refusal(mpi, &run(mpi, 3, &program, file, rest));
            assert_eq!(
                said(&bad, &[d, k]),
                "kmeans: rank 2: range: points: NaN at row 5, dimension 1"
            );
            assert_eq!(
                said(&worse, &[d, k]),
                "kmeans: rank 1: range: points: infinity at row 1, dimension 0"
            );
            // What all refuse, one says.
            assert_eq!(
                said(&whole, &[d, n + 1]),
                "kmeans: rank 0: workspace: k = 91 is more than total = 90"
            );
            assert!(said(&whole, &[7, k]).ends_with(": the size is not that of rows of D doubles"));
            assert!(said(&scratch.join("none"), &[d, k]).ends_with(": cannot be opened"));
            assert!(said(&whole, &[d, 0])
                .ends_with(": usage: kmeans FILE D K [THREADS [double|float|byte]]"));

            let own_file = "exec \"$0\" \"$1/${PMI_RANK:-$OMPI_COMM_WORLD_RANK}\" \"$2\" \"$3\"";
            let _turn = turn();
            let mut command = mpi.mpiexec(3);
            command
                .args(["sh", "-c", own_file])
                .arg(&program)
                .arg(&scratch);
            command.args([d.to_string(), k.to_string()]);
            let line = refusal(mpi, &command.output().expect("mpiexec"));
            assert!(
                line.starts_with("kmeans: rank 2: ")
                    && line.ends_with(": ends before the slice of this rank"),
                "{line}"
            );
        }
    }
}

/// The processes that run a program.
fn processes(program: &Path) -> Vec<String> {
    let all = std::fs::read_dir("/proc").expect("/proc").flatten();
    all.filter(|process| {
        std::fs::read_link(process.path().join("exe")).is_ok_and(|exe| exe == program)
    })
    .map(|process| process.file_name().to_string_lossy().into_owned())
    .collect()
}

/// Killed in the middle of the loop, one rank takes the others with it. (If it did not, the loop would come to its end, and the
/// job would succeed.)
#[cfg(target_os = "linux")]
#[test]
fn a_dead_rank_ends_the_job() {
    let scratch = native::scratch("mpi_dead");
    let (n, d, k) = (100_000, 16, 64);
    let file = scratch.join("points");
    write(&file, &blobs(n, d, n));
    for mpi in Mpi::all() {
        for program in mpi.programs(&scratch) {
            let _turn = turn();
            let mut job = mpi
                .mpiexec(2)
                .arg(&program)
                .arg(&file)
                .args([d.to_string(), k.to_string()])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("mpiexec");
            let mut said = BufReader::new(job.stderr.take().expect("a pipe"));
            let mut line = String::new();
            while !line.starts_with("pass ") {
                line.clear();
                let read = said.read_line(&mut line).expect("text");
                assert!(read > 0, "{mpi:?}: no pass");
            }
            let running = processes(&program);
            assert_eq!(running.len(), 2, "{running:?}");
            native::succeed(Command::new("kill").args(["-9", &running[1]]));
            let mut rest = String::new();
            said.read_to_string(&mut rest).expect("text");
            let output = job.wait_with_output().expect("an end");
            assert!(!output.status.success(), "{mpi:?}: {rest}");
            assert!(
                !String::from_utf8_lossy(&output.stdout).contains("inertia"),
                "{rest}"
            );
        }
    }
}
