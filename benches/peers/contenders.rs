//! Who takes part, and how each is run once.

use crate::data::Work;
use crate::native::{self, Lloyd};
use crate::python::Worker;
use crate::shipped::{self, library};
use centra::capi::{
    centra_options, CENTRA_ALGORITHM_AUTO, CENTRA_ALGORITHM_LLOYD, CENTRA_EMPTY_KEEP,
    CENTRA_EMPTY_RELOCATE, CENTRA_INIT_GIVEN,
};
use centra::Isa;
use std::ffi::{c_char, CStr};
use std::time::Instant;

/// Where a contender comes from, and the colour of its bar.
#[derive(Clone, Copy, PartialEq)]
pub enum Family {
    Centra,
    Native,
    Python,
    /// From Python too, and by intention not the answer of Lloyd's algorithm: centers are ruled out by chance, or numbers have few bits.
    Inexact,
}

/// One way to do the work.
pub struct Contender {
    pub name: String,
    pub family: Family,
    /// How many threads it is allowed.
    pub threads: usize,
    /// Whether it is given floats. Its labels are its own then.
    pub single: bool,
    /// Whether it goes on until no label changes; otherwise it does what number of iterations it is told.
    pub converges: bool,
    /// Version, or flags of the compiler; or why it cannot run and what would help.
    pub about: Result<String, String>,
    way: Way,
}

enum Way {
    /// On an instruction set, by CENTRA_ALGORITHM_..., with CENTRA_EMPTY_...
    Centra(Isa, i32, i32),
    Native(Lloyd),
    Python(&'static str),
    Missing,
}

/// The name of the instruction set with tiles.
pub const AMX: &str = "AMX";

/// The instruction sets that this processor has, and their names.
pub fn instruction_sets() -> Vec<(Isa, &'static str)> {
    let all = [
        (Isa::Portable, "portable"),
        (Isa::Avx2, "AVX2"),
        (Isa::Avx512, "AVX-512"),
        (Isa::Amx, AMX),
    ];
    let has = |(isa, _): &(Isa, &str)| *isa <= centra::isa();
    all.into_iter().filter(has).collect()
}

/// The name of centra on an instruction set and one thread.
pub fn centra_name(set: &str) -> String {
    format!("centra {set}")
}

/// The same, looking at every point in every iteration.
pub fn without_bounds(set: &str) -> String {
    format!("centra {set}, no bounds")
}

/// The name of centra on points of floats.
pub fn on_floats(set: &str) -> String {
    format!("centra {set} f32")
}

pub const PLAIN_C: &str = "plain C";
pub const SCIKIT_LEARN: &str = "scikit-learn lloyd";
pub const ELKAN: &str = "scikit-learn elkan";
pub const FAISS: &str = "FAISS f32";
pub const NUMBA: &str = "Numba";
pub const MLPACK: &str = "mlpack naive";
pub const HAMERLY: &str = "mlpack hamerly";
pub const AOCL: &str = "AOCL-DA";
pub const AOCL_F32: &str = "AOCL-DA f32";
pub const SUPERKMEANS: [&str; 4] = [
    "SuperKMeans f32, inexact",
    "SuperKMeans sq8, inexact",
    "SuperKMeans lvq4, inexact",
    "SuperKMeans rabitq, inexact",
];
pub const ONEDAL: &str = "oneDAL (sklearnex)";

/// Those of Python that are given floats: name, name in worker.py, family, and whether they end by themselves when no label changes.
const ON_FLOATS: [(&str, &str, Family, bool); 6] = [
    (AOCL_F32, "aocl_f32", Family::Python, true),
    (FAISS, "faiss", Family::Python, false),
    (SUPERKMEANS[0], "superkmeans_f32", Family::Inexact, false),
    (SUPERKMEANS[1], "superkmeans_sq8", Family::Inexact, false),
    (SUPERKMEANS[2], "superkmeans_lvq4", Family::Inexact, false),
    (SUPERKMEANS[3], "superkmeans_rabitq", Family::Inexact, false),
];

/// All that can be thought of, there or not. `cores` is what "all threads" are.
pub fn contenders(worker: &mut Result<Worker, String>, cores: usize) -> Vec<Contender> {
    let mut all = Vec::new();
    let auto = |isa| Way::Centra(isa, CENTRA_ALGORITHM_AUTO, CENTRA_EMPTY_KEEP);
    for (isa, set) in instruction_sets() {
        all.push(ours(&centra_name(set), 1, auto(isa)));
    }
    let (best, set) = best_set();
    if cores > 1 {
        all.push(ours(&centra_name(set), cores, auto(best)));
    }
    all.push(on_float_data(ours(&on_floats(set), 1, auto(best))));
    for (isa, set) in instruction_sets() {
        let way = Way::Centra(isa, CENTRA_ALGORITHM_LLOYD, CENTRA_EMPTY_KEEP);
        all.push(ours(&without_bounds(set), 1, way));
    }
    all.push(baseline(PLAIN_C, plain_c()));
    all.push(baseline("C + OpenBLAS", gemm()));
    all.push(baseline("plain Fortran", fortran()));
    let mut python = |name, peer, threads| all.push(theirs(worker, name, peer, threads));
    python(SCIKIT_LEARN, "sklearn_lloyd", 1);
    if cores > 1 {
        python(SCIKIT_LEARN, "sklearn_lloyd", cores);
    }
    python(ELKAN, "sklearn_elkan", 1);
    python(ONEDAL, "onedal", 1);
    python(AOCL, "aocl", 1);
    python(MLPACK, "mlpack_naive", 1);
    python(NUMBA, "numba", 1);
    for (name, peer, family, converges) in ON_FLOATS {
        all.push(Contender {
            family,
            converges,
            ..on_float_data(theirs(worker, name, peer, 1))
        });
    }
    all
}

/// Who runs until nothing changes; an empty cluster takes the farthest point, as scikit-learn has it. The first is what bars are
/// about.
pub fn to_convergence(worker: &mut Result<Worker, String>, cores: usize) -> Vec<Contender> {
    let mut all = Vec::new();
    for threads in one_and_all(cores) {
        for (isa, set) in instruction_sets().into_iter().rev() {
            let way = Way::Centra(isa, CENTRA_ALGORITHM_AUTO, CENTRA_EMPTY_RELOCATE);
            all.push(ours(&centra_name(set), threads, way));
        }
    }
    let (best, set) = best_set();
    let way = Way::Centra(best, CENTRA_ALGORITHM_LLOYD, CENTRA_EMPTY_RELOCATE);
    all.push(ours(&without_bounds(set), 1, way));
    let mut python = |name, peer| all.push(theirs(worker, name, peer, 1));
    python(SCIKIT_LEARN, "sklearn_lloyd");
    python(ELKAN, "sklearn_elkan");
    python(ONEDAL, "onedal");
    python(AOCL, "aocl");
    python(HAMERLY, "mlpack_hamerly");
    all
}

fn one_and_all(cores: usize) -> Vec<usize> {
    let mut threads = vec![1, cores];
    threads.dedup();
    threads
}

/// The widest instruction set.
fn best_set() -> (Isa, &'static str) {
    instruction_sets().pop().expect("there is always one")
}

fn ours(name: &str, threads: usize, way: Way) -> Contender {
    Contender {
        name: in_threads(name, threads),
        family: Family::Centra,
        threads,
        single: false,
        converges: true,
        about: Ok(format!(
            "{}, {}",
            env!("CARGO_PKG_VERSION"),
            shipped::about()
        )),
        way,
    }
}

/// A contender that is given floats.
fn on_float_data(contender: Contender) -> Contender {
    Contender {
        single: true,
        ..contender
    }
}

fn theirs(
    worker: &mut Result<Worker, String>,
    name: &str,
    peer: &'static str,
    threads: usize,
) -> Contender {
    let about = match worker {
        Ok(worker) => worker.peer(peer),
        Err(error) => Err(error.clone()),
    };
    let help =
        "`pip install -r benches/peers/requirements.txt`, and PYTHON=... names its interpreter";
    Contender {
        name: in_threads(name, threads),
        family: Family::Python,
        threads,
        single: false,
        converges: true,
        way: about.as_ref().map_or(Way::Missing, |_| Way::Python(peer)),
        about: about.map_err(|error| format!("{error}; {help}")),
    }
}

fn in_threads(name: &str, threads: usize) -> String {
    match threads {
        1 => name.into(),
        _ => format!("{name}, {threads} threads"),
    }
}

fn baseline(name: &str, built: Result<(Lloyd, String), String>) -> Contender {
    let (way, about) = match built {
        Ok((lloyd, how)) => (Way::Native(lloyd), Ok(how)),
        Err(error) => (Way::Missing, Err(error)),
    };
    Contender {
        name: name.into(),
        family: Family::Native,
        threads: 1,
        single: false,
        converges: true,
        about,
        way,
    }
}

/// The flags that made it, and what the compiler says it is.
fn made_by(compiler: &str, how: &str) -> String {
    match crate::machine::first_line(compiler, &["--version"]) {
        Some(version) => format!("`{how}`, {version}"),
        None => format!("`{how}`"),
    }
}

fn plain_c() -> Result<(Lloyd, String), String> {
    let help = |error| format!("{error}; Debian: apt-get install gcc libc6-dev");
    let library = native::plain_c().map_err(help)?;
    let about = made_by(&native::compiler("CC", "cc"), &library.how);
    Ok((library.lloyd(c"naive_fit"), about))
}

fn fortran() -> Result<(Lloyd, String), String> {
    let compiler = native::compiler("FC", "gfortran");
    let help = |error| format!("{error}; Debian: apt-get install gfortran");
    let library = native::build(&compiler, &["naive.f90"], &[]).map_err(help)?;
    let about = made_by(&compiler, &library.how);
    Ok((library.lloyd(c"fortran_fit"), about))
}

fn gemm() -> Result<(Lloyd, String), String> {
    let compiler = native::compiler("CC", "cc");
    let found = crate::machine::first_line("pkg-config", &["--cflags", "--libs", "openblas"]);
    let flags = found.unwrap_or("-lopenblas".into());
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let help = |error| format!("{error}; Debian: apt-get install gcc libc6-dev libopenblas-dev");
    let library = native::build(&compiler, &["gemm.c", "naive.c"], &flags).map_err(help)?;
    type Version = unsafe extern "C" fn() -> *const c_char;
    // SAFETY: gemm.c defines it so, and it returns static text.
    let version = unsafe { CStr::from_ptr(library.function::<Version>(c"gemm_blas")()) };
    let about = made_by(&compiler, &library.how);
    let about = format!("{about}, {}", version.to_string_lossy());
    Ok((library.lloyd(c"gemm_fit"), about))
}

/// OpenBLAS falls back to kernels from before AVX where it does not know the model of a processor, and would be a baseline
/// of straw: tell it the instructions, which are what its kernels need. A choice of the user's stands; what the pages say of either is returned.
pub fn tell_openblas() -> Option<String> {
    const VARIABLE: &str = "OPENBLAS_CORETYPE";
    // Its threads are not wanted, and would be started when it is loaded. The Python process sets its own.
    std::env::set_var("OPENBLAS_NUM_THREADS", "1");
    let best = widest_kernels();
    let set = std::env::var(VARIABLE).ok();
    if let (None, Some(best)) = (&set, best) {
        std::env::set_var(VARIABLE, best);
    }
    match (set, best) {
        (Some(set), Some(best)) if set != best => Some(format!(
            "{VARIABLE}={set}, a choice of the environment's; this processor's is {best}"
        )),
        (set, best) => Some(format!("{VARIABLE}={}", set.or(best.map(String::from))?)),
    }
}

/// The kernels of OpenBLAS for the widest vectors that the processor has.
fn widest_kernels() -> Option<&'static str> {
    #[cfg(target_arch = "x86_64")]
    {
        let wide = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512cd")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        let haswell = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        match wide {
            true => Some("SkylakeX"),
            false => haswell.then_some("Haswell"),
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    None
}

/// centra's options: from the given start, on so many threads, for so many iterations at most.
fn told(isa: Isa, algorithm: i32, empty: i32, threads: usize, iterations: i64) -> centra_options {
    let mut options = library(isa).options();
    options.init = CENTRA_INIT_GIVEN;
    options.algorithm = algorithm;
    options.empty = empty;
    options.threads = threads as i32;
    options.max_iter = iterations;
    options
}

/// One fit, or the mean of several.
pub struct Run {
    pub seconds: f64,
    pub iterations: i64,
}

/// The work of one shape and the memory to do it in, which is nobody's time.
pub struct Arena<'a> {
    pub work: &'a Work,
    pub labels: Vec<i32>,
    pub centers: Vec<f64>,
    workspace: Vec<u128>,
    /// The points as floats, if somebody here wants them.
    floats: Vec<f32>,
    worker: &'a mut Result<Worker, String>,
}

impl<'a> Arena<'a> {
    pub fn new(
        work: &'a Work,
        contenders: &[&Contender],
        worker: &'a mut Result<Worker, String>,
    ) -> Arena<'a> {
        let mut bytes = 0;
        let mut floats = Vec::new();
        for contender in contenders {
            let Way::Centra(isa, algorithm, empty) = contender.way else {
                continue;
            };
            let options = told(isa, algorithm, empty, contender.threads, 1);
            let size = library(isa).workspace_size(work, &options);
            bytes = size.expect("a valid shape").max(bytes);
            if contender.single && floats.is_empty() {
                floats = work.points.iter().map(|&x| x as f32).collect();
            }
        }
        if let Ok(running) = worker {
            if let Err(error) = running.load(work) {
                *worker = Err(error);
            }
        }
        Arena {
            work,
            labels: vec![0; work.n],
            centers: work.start.clone(),
            workspace: vec![0; bytes.div_ceil(16)],
            floats,
            worker,
        }
    }

    /// Whether centra finds the same, bit for bit, when the floats are given to it as doubles.
    pub fn same_as_doubles(&mut self, contender: &Contender, iterations: i64) -> bool {
        let Way::Centra(isa, algorithm, empty) = contender.way else {
            return false;
        };
        let options = told(isa, algorithm, empty, contender.threads, iterations);
        let doubles: Vec<f64> = self.floats.iter().map(|&x| x.into()).collect();
        let mut centers = self.float_start();
        let mut labels = vec![0; self.work.n];
        let fit = library(isa).fit(
            &doubles,
            self.work,
            &options,
            &mut centers,
            &mut labels,
            &mut self.workspace,
        );
        fit.is_ok() && labels == self.labels && centers == self.centers
    }

    /// The start in floats, as doubles, which centers always are.
    fn float_start(&self) -> Vec<f64> {
        let start = self.work.start.iter();
        start.map(|&x| f64::from(x as f32)).collect()
    }

    /// Fits `repeats` times, each from the start; what a native contender found is in `labels` and `centers`.
    pub fn run(
        &mut self,
        contender: &Contender,
        iterations: i64,
        repeats: usize,
    ) -> Result<Run, String> {
        let mut begin = Instant::now();
        let mut done = 0;
        match contender.way {
            Way::Centra(isa, algorithm, empty) => {
                let options = told(isa, algorithm, empty, contender.threads, iterations);
                let start = match contender.single {
                    true => self.float_start(),
                    false => self.work.start.clone(),
                };
                begin = Instant::now();
                for _ in 0..repeats {
                    self.centers.copy_from_slice(&start);
                    let (work, centers, labels) = (self.work, &mut self.centers, &mut self.labels);
                    let room = &mut self.workspace;
                    let library = library(isa);
                    done = match contender.single {
                        true => library.fit(&self.floats, work, &options, centers, labels, room),
                        false => library.fit(&work.points, work, &options, centers, labels, room),
                    }?;
                }
            }
            Way::Native(lloyd) => {
                for _ in 0..repeats {
                    let (centers, labels) = (&mut self.centers, &mut self.labels);
                    done = lloyd.fit(self.work, centers, labels, iterations);
                }
            }
            Way::Python(peer) => {
                let worker = self.worker.as_mut().map_err(|error| error.clone())?;
                let fit = worker.fit(peer, iterations, contender.threads, repeats)?;
                // One that takes threads it was not given is not compared. (Start and end of a short fit are not looked at.)
                if contender.threads == 1 && fit.seconds > 0.1 && fit.busy > 1.3 * fit.seconds {
                    return Err(format!("it kept {:.1} cores busy", fit.busy / fit.seconds));
                }
                return Ok(Run {
                    seconds: fit.seconds,
                    iterations: fit.iterations,
                });
            }
            Way::Missing => return Err("not installed".into()),
        }
        Ok(Run {
            seconds: begin.elapsed().as_secs_f64() / repeats as f64,
            iterations: done,
        })
    }

    /// The labels of the last run, which was this contender's.
    pub fn labels_of(&mut self, contender: &Contender) -> Result<Vec<i32>, String> {
        match (&contender.way, &mut *self.worker) {
            (Way::Python(_), Ok(worker)) => worker.labels(),
            _ => Ok(self.labels.clone()),
        }
    }
}
