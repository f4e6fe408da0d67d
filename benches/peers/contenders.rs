//! Who takes part, and how each is run once.

use crate::data::{options, Work};
use crate::native::{self, Lloyd};
use crate::options::{self, Options};
use crate::python::Worker;
use centra::{Algorithm, Empty, Isa};
use std::ffi::{c_char, CStr};
use std::time::Instant;

/// Where a contender comes from, and the colour of its bar.
#[derive(Clone, Copy, PartialEq)]
pub enum Family {
    Centra,
    Native,
    Python,
}

/// One way to do the work.
pub struct Contender {
    pub name: String,
    pub family: Family,
    /// How many threads it is allowed.
    pub threads: usize,
    /// Whether it computes in single precision, so that its labels are its own.
    pub single: bool,
    /// Whether it goes on until no label changes; otherwise it does what number of iterations it is told.
    pub converges: bool,
    /// Version, or flags of the compiler; or why it cannot run and what would help.
    pub about: Result<String, String>,
    way: Way,
}

enum Way {
    /// On an instruction set, by the algorithm, with empty clusters treated so.
    Centra(Isa, Algorithm, Empty),
    Native(Lloyd),
    Python(&'static str),
    Missing,
}

/// The instruction sets that this processor has, and their names.
pub fn instruction_sets() -> Vec<(Isa, &'static str)> {
    let all = [
        (Isa::Portable, "portable"),
        (Isa::Avx2, "AVX2"),
        (Isa::Avx512, "AVX-512"),
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

pub const PLAIN_C: &str = "plain C";
pub const SCIKIT_LEARN: &str = "scikit-learn lloyd";
pub const ELKAN: &str = "scikit-learn elkan";
pub const FAISS: &str = "FAISS f32";
pub const NUMBA: &str = "Numba";

/// All that can be thought of, there or not. `cores` is what "all threads" are.
pub fn contenders(worker: &mut Result<Worker, String>, cores: usize) -> Vec<Contender> {
    let mut all = Vec::new();
    for threads in one_and_all(cores) {
        for (isa, set) in instruction_sets() {
            let way = Way::Centra(isa, Algorithm::Auto, Empty::Keep);
            all.push(ours(&centra_name(set), threads, way));
        }
    }
    for (isa, set) in instruction_sets() {
        let way = Way::Centra(isa, Algorithm::Lloyd, Empty::Keep);
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
    python("oneDAL (sklearnex)", "onedal", 1);
    python(FAISS, FAISS_PEER, 1);
    python(NUMBA, "numba", 1);
    all
}

/// Who runs until nothing changes; an empty cluster takes the farthest point, as scikit-learn has it. The first is what bars are
/// about.
pub fn to_convergence(worker: &mut Result<Worker, String>, cores: usize) -> Vec<Contender> {
    let mut all = Vec::new();
    for threads in one_and_all(cores) {
        for (isa, set) in instruction_sets().into_iter().rev() {
            let way = Way::Centra(isa, Algorithm::Auto, Empty::Relocate);
            all.push(ours(&centra_name(set), threads, way));
        }
    }
    let (best, set) = best_set();
    let way = Way::Centra(best, Algorithm::Lloyd, Empty::Relocate);
    all.push(ours(&without_bounds(set), 1, way));
    let mut python = |name, peer| all.push(theirs(worker, name, peer, 1));
    python(SCIKIT_LEARN, "sklearn_lloyd");
    python(ELKAN, "sklearn_elkan");
    python("oneDAL (sklearnex)", "onedal");
    python("mlpack hamerly", "mlpack_hamerly");
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
        about: Ok(env!("CARGO_PKG_VERSION").into()),
        way,
    }
}

const FAISS_PEER: &str = "faiss";

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
    // FAISS computes in single precision, and goes on as long as it is told.
    let single = peer == FAISS_PEER;
    Contender {
        name: in_threads(name, threads),
        family: Family::Python,
        threads,
        single,
        converges: !single,
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
/// of straw: tell it the instructions, which are what its kernels need. A choice of the user's stands.
pub fn tell_openblas() {
    const VARIABLE: &str = "OPENBLAS_CORETYPE";
    #[cfg(target_arch = "x86_64")]
    if std::env::var_os(VARIABLE).is_none() {
        let wide = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512cd")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        if wide {
            std::env::set_var(VARIABLE, "SkylakeX");
        } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            std::env::set_var(VARIABLE, "Haswell");
        }
    }
    // Its threads are not wanted, and would be started when it is loaded. The Python process sets its own.
    std::env::set_var("OPENBLAS_NUM_THREADS", "1");
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
    worker: &'a mut Result<Worker, String>,
}

impl<'a> Arena<'a> {
    pub fn new(
        work: &'a Work,
        contenders: &[&Contender],
        worker: &'a mut Result<Worker, String>,
    ) -> Arena<'a> {
        let bytes = |contender: &&Contender| {
            let options = options(Isa::Avx512, contender.threads, 1);
            options::workspace_size(work.n, work.d, work.k, &options).expect("a valid shape")
        };
        let bytes = contenders.iter().map(bytes).max().unwrap_or(0);
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
            worker,
        }
    }

    /// Fits `repeats` times, each from the start; what a native contender found is in `labels` and `centers`.
    pub fn run(
        &mut self,
        contender: &Contender,
        iterations: i64,
        repeats: usize,
    ) -> Result<Run, String> {
        let begin = Instant::now();
        let mut done = 0;
        match contender.way {
            Way::Centra(isa, algorithm, empty) => {
                let options = Options {
                    algorithm,
                    empty,
                    ..options(isa, contender.threads, iterations as u64)
                };
                for _ in 0..repeats {
                    self.centers.copy_from_slice(&self.work.start);
                    let report = options::fit_into(
                        &self.work.view(),
                        &options,
                        &mut self.centers,
                        Some(&mut self.labels),
                        options::as_bytes(&mut self.workspace),
                    )
                    .map_err(|error| error.to_string())?;
                    done = report.iterations;
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
