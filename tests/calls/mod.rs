//! Calls for the tests of what surrounds a call: memory, threads, processes, the floating-point environment.
//!
//! The C ABI is as a C program sees it: declared here a second time and resolved by the linker, not imported from
//! `centra::capi`, so that a reordered field or a changed argument fails a test instead of changing both sides at once.
//!
//! [`Problem`] owns inputs, [`Outputs`] what a call writes, and [`Args`] is one call's arguments as raw pointers: the
//! tests that count allocations, flip the floating-point environment or fork prepare all three first, and then do
//! nothing but [`Args::call`].
#![allow(dead_code)] // each test program uses its own part

pub mod stream;

use std::ffi::{c_char, c_void, CStr};
use std::io::Read;
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub struct_size: usize,
    pub restart: i64,
    pub iteration: i64,
    pub moved: i64,
    pub shift: f64,
}

pub type ProgressFn = extern "C" fn(*const Progress, *mut c_void) -> i32;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub struct_size: usize,
    pub init: i32,
    pub empty: i32,
    pub layout: i32,
    pub label_base: i32,
    pub threads: i32,
    pub n_init: i32,
    pub max_iter: i64,
    pub tol: f64,
    pub seed: u64,
    pub weights: *const f64,
    pub progress: Option<ProgressFn>,
    pub progress_data: *mut c_void,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Report {
    pub struct_size: usize,
    pub stopped_by: i32,
    pub threads: i32,
    pub iterations: i64,
    pub empty_clusters: i64,
    pub moved: i64,
    pub inertia: f64,
    pub distances: i64,
    pub rechecked: i64,
    pub skipped: i64,
    pub seconds_scan: f64,
    pub seconds_seed: f64,
    pub seconds_assign: f64,
    pub seconds_update: f64,
}

extern "C" {
    pub fn centra_options_init(options: *mut Options);
    pub fn centra_report_init(report: *mut Report);
    pub fn centra_workspace_size(
        n: usize,
        d: usize,
        k: usize,
        options: *const Options,
        bytes: *mut usize,
    ) -> i32;
    fn centra_fit(
        points: *const f64,
        n: usize,
        d: usize,
        ld: usize,
        k: usize,
        options: *const Options,
        centers: *mut f64,
        labels: *mut i32,
        report: *mut Report,
        workspace: *mut c_void,
        workspace_bytes: usize,
    ) -> i32;
    fn centra_assign(
        points: *const f64,
        n: usize,
        d: usize,
        ld: usize,
        k: usize,
        options: *const Options,
        centers: *const f64,
        labels: *mut i32,
        sqdist: *mut f64,
        workspace: *mut c_void,
        workspace_bytes: usize,
    ) -> i32;
    fn centra_update(
        points: *const f64,
        n: usize,
        d: usize,
        ld: usize,
        k: usize,
        options: *const Options,
        labels: *const i32,
        centers: *mut f64,
        counts: *mut i64,
        workspace: *mut c_void,
        workspace_bytes: usize,
    ) -> i32;
    fn centra_seed(
        points: *const f64,
        n: usize,
        d: usize,
        ld: usize,
        k: usize,
        options: *const Options,
        centers: *mut f64,
        workspace: *mut c_void,
        workspace_bytes: usize,
    ) -> i32;
    fn centra_inertia(
        points: *const f64,
        n: usize,
        d: usize,
        ld: usize,
        k: usize,
        options: *const Options,
        centers: *const f64,
        labels: *const i32,
        inertia: *mut f64,
    ) -> i32;
    fn centra_workspace_size_f32(
        n: usize,
        d: usize,
        k: usize,
        options: *const Options,
        bytes: *mut usize,
    ) -> i32;
    fn centra_workspace_size_u8(
        n: usize,
        d: usize,
        k: usize,
        options: *const Options,
        bytes: *mut usize,
    ) -> i32;
    fn centra_fit_f32(
        points: *const f32,
        n: usize,
        d: usize,
        ld: usize,
        k: usize,
        options: *const Options,
        centers: *mut f64,
        labels: *mut i32,
        report: *mut Report,
        workspace: *mut c_void,
        workspace_bytes: usize,
    ) -> i32;
    fn centra_fit_u8(
        points: *const u8,
        n: usize,
        d: usize,
        ld: usize,
        k: usize,
        options: *const Options,
        centers: *mut f64,
        labels: *mut i32,
        report: *mut Report,
        workspace: *mut c_void,
        workspace_bytes: usize,
    ) -> i32;
    fn centra_assign_f32(
        points: *const f32,
        n: usize,
        d: usize,
        ld: usize,
        k: usize,
        options: *const Options,
        centers: *const f64,
        labels: *mut i32,
        sqdist: *mut f64,
        workspace: *mut c_void,
        workspace_bytes: usize,
    ) -> i32;
    fn centra_assign_u8(
        points: *const u8,
        n: usize,
        d: usize,
        ld: usize,
        k: usize,
        options: *const Options,
        centers: *const f64,
        labels: *mut i32,
        sqdist: *mut f64,
        workspace: *mut c_void,
        workspace_bytes: usize,
    ) -> i32;
    fn centra_update_f32(
        points: *const f32,
        n: usize,
        d: usize,
        ld: usize,
        k: usize,
        options: *const Options,
        labels: *const i32,
        centers: *mut f64,
        counts: *mut i64,
        workspace: *mut c_void,
        workspace_bytes: usize,
    ) -> i32;
    fn centra_update_u8(
        points: *const u8,
        n: usize,
        d: usize,
        ld: usize,
        k: usize,
        options: *const Options,
        labels: *const i32,
        centers: *mut f64,
        counts: *mut i64,
        workspace: *mut c_void,
        workspace_bytes: usize,
    ) -> i32;
    fn centra_seed_f32(
        points: *const f32,
        n: usize,
        d: usize,
        ld: usize,
        k: usize,
        options: *const Options,
        centers: *mut f64,
        workspace: *mut c_void,
        workspace_bytes: usize,
    ) -> i32;
    fn centra_seed_u8(
        points: *const u8,
        n: usize,
        d: usize,
        ld: usize,
        k: usize,
        options: *const Options,
        centers: *mut f64,
        workspace: *mut c_void,
        workspace_bytes: usize,
    ) -> i32;
    fn centra_inertia_f32(
        points: *const f32,
        n: usize,
        d: usize,
        ld: usize,
        k: usize,
        options: *const Options,
        centers: *const f64,
        labels: *const i32,
        inertia: *mut f64,
    ) -> i32;
    fn centra_inertia_u8(
        points: *const u8,
        n: usize,
        d: usize,
        ld: usize,
        k: usize,
        options: *const Options,
        centers: *const f64,
        labels: *const i32,
        inertia: *mut f64,
    ) -> i32;
    pub fn centra_status_message(status: i32) -> *const c_char;
    pub fn centra_error_detail() -> *const c_char;
    pub fn centra_version() -> *const c_char;
    pub fn centra_isa() -> *const c_char;
}

pub const KMEANSPP: i32 = 0;
pub const PARALLEL: i32 = 3;
pub const RANDOM: i32 = 1;
pub const GIVEN: i32 = 2;
pub const RELOCATE: i32 = 0;
pub const KEEP: i32 = 1;
pub const ERROR: i32 = 2;
pub const ROWS: i32 = 0;
pub const COLUMNS: i32 = 1;

pub const OK: i32 = 0;
pub const CANCELLED: i32 = 1;
pub const ERR_NULL: i32 = -1;
pub const ERR_SHAPE: i32 = -2;
pub const ERR_NONFINITE: i32 = -3;
pub const ERR_RANGE: i32 = -4;
pub const ERR_WEIGHTS: i32 = -5;
pub const ERR_WORKSPACE: i32 = -6;
pub const ERR_OPTION: i32 = -7;
pub const ERR_ALIAS: i32 = -8;
pub const ERR_EMPTY: i32 = -9;
pub const ERR_LABEL: i32 = -10;
pub const ERR_MEMORY: i32 = -11;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    Fit,
    Assign,
    Update,
    Seed,
    Inertia,
}

pub const FUNCTIONS: [Function; 5] = [
    Function::Fit,
    Function::Assign,
    Function::Update,
    Function::Seed,
    Function::Inertia,
];

/// Options as `centra_options_init` sets them.
pub fn options() -> Options {
    let mut options = std::mem::MaybeUninit::uninit();
    // SAFETY: centra_options_init writes every field.
    unsafe {
        centra_options_init(options.as_mut_ptr());
        options.assume_init()
    }
}

pub fn report() -> Report {
    let mut report = std::mem::MaybeUninit::uninit();
    // SAFETY: centra_report_init writes every field.
    unsafe {
        centra_report_init(report.as_mut_ptr());
        report.assume_init()
    }
}

pub fn detail() -> String {
    // SAFETY: the function returns a string that lives until this thread's next refusal, and is copied before.
    unsafe { CStr::from_ptr(centra_error_detail()) }
        .to_string_lossy()
        .into_owned()
}

/// The points where their coordinates are not doubles.
#[derive(Clone)]
pub enum Narrow {
    Floats(Vec<f32>),
    Bytes(Vec<u8>),
}

/// What the coordinates of points are.
#[derive(Clone, Copy)]
pub enum Type {
    Doubles,
    Floats,
    Bytes,
}

/// The function for points of this type.
macro_rules! typed {
    ($of:expr, [$f64:ident $f32:ident $u8:ident], $points:expr $(, $argument:expr)* $(,)?) => {
        match $of {
            Type::Doubles => $f64($points $(, $argument)*),
            Type::Floats => $f32($points.cast() $(, $argument)*),
            Type::Bytes => $u8($points.cast() $(, $argument)*),
        }
    };
}

/// The inputs of one call of any function.
#[derive(Clone)]
pub struct Problem {
    pub n: usize,
    pub d: usize,
    pub k: usize,
    pub ld: usize,
    pub points: Vec<f64>,
    /// The same numbers in another type, which the call then has.
    pub narrow: Option<Narrow>,
    pub weights: Option<Vec<f64>>,
    /// Given centers, and the previous centers of an update.
    pub start: Vec<f64>,
    /// What update and inertia read.
    pub labels: Vec<i32>,
    /// `weights` is filled in by `args`.
    pub options: Options,
}

// SAFETY: the only pointers are those in `options`, which the tests set to null or to Sync data.
unsafe impl Sync for Problem {}
// SAFETY: as above.
unsafe impl Send for Problem {}

/// Everything any function writes, preset to values that no call produces.
#[derive(Clone, Debug)]
pub struct Outputs {
    pub centers: Vec<f64>,
    pub labels: Vec<i32>,
    pub sqdist: Vec<f64>,
    pub counts: Vec<i64>,
    pub inertia: f64,
    pub report: Report,
}

impl Outputs {
    /// All that must be the same for every instruction set, thread count and environment, as bits: counters of work
    /// done and seconds are not among it.
    pub fn bits(&self) -> Vec<u64> {
        let r = &self.report;
        let mut bits: Vec<u64> = self
            .centers
            .iter()
            .chain(&self.sqdist)
            .map(|x| x.to_bits())
            .collect();
        bits.extend(self.labels.iter().map(|&l| l as u64));
        bits.extend(self.counts.iter().map(|&c| c as u64));
        bits.extend([
            self.inertia.to_bits(),
            r.inertia.to_bits(),
            r.stopped_by as u64,
        ]);
        bits.extend([r.iterations as u64, r.empty_clusters as u64, r.moved as u64]);
        bits
    }
}

impl Problem {
    /// Overlapping blobs in rows; the start is the last k points, so that a fit takes several iterations, or, where there are
    /// fewer, what these are scattered about.
    pub fn blobs(n: usize, d: usize, k: usize, seed: u64) -> Problem {
        let mut random = Random(seed);
        let middles: Vec<f64> = (0..k * d).map(|_| 4.0 * random.unit()).collect();
        let points: Vec<f64> = (0..n * d)
            .map(|i| middles[i / d % k * d + i % d] + random.bell())
            .collect();
        Problem {
            start: match n.checked_sub(k) {
                Some(first) => points[first * d..].to_vec(),
                None => middles,
            },
            labels: (0..n).map(|p| (p * 7 % k) as i32).collect(),
            options: options(),
            weights: None,
            narrow: None,
            ld: d,
            n,
            d,
            k,
            points,
        }
    }

    /// Positive, zero and tiny weights.
    pub fn weighted(mut self) -> Problem {
        self.weights = Some(
            (0..self.n)
                .map(|p| [1.0, 0.1, 3.0, 1e-3, 0.0][p % 5])
                .collect(),
        );
        self
    }

    /// The same points in columns, with a gap after each.
    pub fn columns(mut self) -> Problem {
        let (n, d, ld) = (self.n, self.d, self.n + 3);
        let mut points = vec![f64::NAN; (d - 1) * ld + n]; // the gaps are nobody's business, NaN or not
        for p in 0..n {
            for i in 0..d {
                points[i * ld + p] = self.points[p * d + i];
            }
        }
        self.points = points;
        self.ld = ld;
        self.options.layout = COLUMNS;
        self
    }

    /// The same points rounded to floats.
    pub fn floats(mut self) -> Problem {
        let floats: Vec<f32> = self.points.iter().map(|&x| x as f32).collect();
        self.points = floats.iter().map(|&x| x.into()).collect();
        self.narrow = Some(Narrow::Floats(floats));
        self
    }

    /// The same points rounded to bytes.
    pub fn bytes(mut self) -> Problem {
        let bytes: Vec<u8> = self
            .points
            .iter()
            .map(|x| (x * 16.0 + 64.0) as u8)
            .collect();
        self.points = bytes.iter().map(|&x| x.into()).collect();
        self.narrow = Some(Narrow::Bytes(bytes));
        self
    }

    pub fn of(&self) -> Type {
        match self.narrow {
            None => Type::Doubles,
            Some(Narrow::Floats(_)) => Type::Floats,
            Some(Narrow::Bytes(_)) => Type::Bytes,
        }
    }

    /// Those that these options suit: there is nothing to seed where the start is given.
    pub fn functions(&self) -> impl Iterator<Item = Function> {
        let given = self.options.init == GIVEN;
        FUNCTIONS
            .into_iter()
            .filter(move |&function| !(given && function == Function::Seed))
    }

    pub fn with(mut self, set: impl FnOnce(&mut Options)) -> Problem {
        set(&mut self.options);
        self
    }

    pub fn outputs(&self) -> Outputs {
        Outputs {
            centers: self.start.clone(),
            labels: self.labels.clone(),
            sqdist: vec![-7.0; self.n],
            counts: vec![-7; self.k],
            inertia: -7.0,
            report: report(),
        }
    }

    fn weights_pointer(&self) -> *const f64 {
        self.weights
            .as_ref()
            .map_or(std::ptr::null(), |w| w.as_ptr())
    }

    pub fn workspace_size(&self) -> usize {
        let mut bytes = usize::MAX;
        let options = Options {
            weights: self.weights_pointer(),
            ..self.options
        };
        // SAFETY: both pointers are to live locals.
        let status = unsafe {
            let query = match self.of() {
                Type::Doubles => centra_workspace_size,
                Type::Floats => centra_workspace_size_f32,
                Type::Bytes => centra_workspace_size_u8,
            };
            query(self.n, self.d, self.k, &options, &mut bytes)
        };
        assert_eq!(
            status,
            OK,
            "workspace_size({}, {}, {}): {}",
            self.n,
            self.d,
            self.k,
            detail()
        );
        bytes
    }

    /// The arguments of a call; they point into `self`, `outputs` and `workspace` (null for an empty one).
    pub fn args(&mut self, outputs: &mut Outputs, workspace: &mut [u8]) -> Args {
        self.options.weights = self.weights_pointer();
        Args {
            of: self.of(),
            points: match &self.narrow {
                None => self.points.as_ptr(),
                Some(Narrow::Floats(floats)) => floats.as_ptr().cast(),
                Some(Narrow::Bytes(bytes)) => bytes.as_ptr().cast(),
            },
            n: self.n,
            d: self.d,
            ld: self.ld,
            k: self.k,
            options: &self.options,
            centers: outputs.centers.as_mut_ptr(),
            labels: outputs.labels.as_mut_ptr(),
            sqdist: outputs.sqdist.as_mut_ptr(),
            counts: outputs.counts.as_mut_ptr(),
            inertia: &mut outputs.inertia,
            report: &mut outputs.report,
            workspace: if workspace.is_empty() {
                std::ptr::null_mut()
            } else {
                workspace.as_mut_ptr().cast()
            },
            bytes: workspace.len(),
        }
    }

    /// One call that takes its own memory; its status must be `OK`.
    pub fn run(&self, function: Function) -> Outputs {
        let mut problem = self.clone();
        let mut outputs = problem.outputs();
        let status = problem.args(&mut outputs, &mut []).call(function);
        assert_eq!(status, OK, "{function:?}: {}", detail());
        outputs
    }

    pub fn run_with_threads(&self, function: Function, threads: i32) -> Outputs {
        self.clone().with(|o| o.threads = threads).run(function)
    }
}

impl Problem {
    /// The same call through the Rust API's functions that take the caller's memory (`inertia` needs none).
    #[inline(never)]
    pub fn call_rust(
        &self,
        function: Function,
        outputs: &mut Outputs,
        workspace: &mut [u8],
    ) -> i32 {
        match self.try_rust(function, outputs, workspace) {
            Ok(()) => OK,
            Err(error) => error.status() as i32,
        }
    }

    pub fn rust_points(&self) -> Result<centra::Points<'_>, centra::Error> {
        let layout = if self.options.layout == ROWS {
            centra::Layout::Rows
        } else {
            centra::Layout::Columns
        };
        let (n, d, ld) = (self.n, self.d, self.ld);
        match &self.narrow {
            None => centra::Points::with_leading_dimension(&self.points, n, d, ld, layout),
            Some(Narrow::Floats(x)) => centra::Points::with_leading_dimension(x, n, d, ld, layout),
            Some(Narrow::Bytes(x)) => centra::Points::with_leading_dimension(x, n, d, ld, layout),
        }
    }

    pub fn rust_kmeans(&self) -> centra::KMeans<'_> {
        let o = &self.options;
        let start = [
            centra::Start::PlusPlus,
            centra::Start::Random,
            centra::Start::Centers(&self.start),
        ][o.init as usize];
        let empty = [
            centra::Empty::Relocate,
            centra::Empty::Keep,
            centra::Empty::Error,
        ][o.empty as usize];
        let kmeans = centra::KMeans::new(self.k)
            .start(start)
            .empty(empty)
            .threads(o.threads as usize)
            .restarts(o.n_init as u32)
            .max_iter(o.max_iter as u64)
            .tol(o.tol)
            .seed(o.seed);
        match &self.weights {
            Some(weights) => kmeans.weights(weights),
            None => kmeans,
        }
    }

    pub fn try_rust(
        &self,
        function: Function,
        out: &mut Outputs,
        workspace: &mut [u8],
    ) -> Result<(), centra::Error> {
        let points = self.rust_points()?;
        let kmeans = self.rust_kmeans();
        let workspace = &mut centra::Workspace::borrowed(workspace);
        match function {
            Function::Fit => {
                let labels = Some(&mut out.labels[..]);
                let r = kmeans.fit_into(&points, &mut out.centers, labels, workspace)?;
                out.report.stopped_by = r.stopped_by as i32;
                out.report.threads = r.threads as i32;
                out.report.iterations = r.iterations;
                out.report.empty_clusters = r.empty_clusters;
                out.report.moved = r.moved;
                out.report.inertia = r.inertia;
            }
            Function::Assign => {
                let (labels, sqdist) = (&mut out.labels, Some(&mut out.sqdist[..]));
                kmeans.assign_into(&points, &out.centers, labels, sqdist, workspace)?;
            }
            Function::Update => {
                let counts = Some(&mut out.counts[..]);
                kmeans.update_into(&points, &mut out.centers, &out.labels, counts, workspace)?;
            }
            Function::Seed => kmeans.seed_centers_into(&points, &mut out.centers, workspace)?,
            Function::Inertia => {
                out.inertia = kmeans.inertia(&points, &out.centers, &out.labels)?
            }
        }
        Ok(())
    }
}

/// The arguments of a call of any of the functions.
#[derive(Clone, Copy)]
pub struct Args {
    pub of: Type,
    /// Of floats or bytes, if those are what they are of.
    pub points: *const f64,
    pub n: usize,
    pub d: usize,
    pub ld: usize,
    pub k: usize,
    pub options: *const Options,
    pub centers: *mut f64,
    pub labels: *mut i32,
    pub sqdist: *mut f64,
    pub counts: *mut i64,
    pub inertia: *mut f64,
    pub report: *mut Report,
    pub workspace: *mut c_void,
    pub bytes: usize,
}

impl Args {
    /// Allocates nothing and computes nothing in floating point.
    #[inline(never)]
    pub fn call(&self, function: Function) -> i32 {
        let &Args {
            points,
            n,
            d,
            ld,
            k,
            options,
            centers,
            labels,
            workspace,
            bytes,
            ..
        } = self;
        // SAFETY: `Problem::args` pointed everything at live buffers of the sizes given; tests that twist an argument
        // break only what the library promises to refuse before it reads or writes there.
        unsafe {
            match function {
                Function::Fit => typed!(self.of, [centra_fit centra_fit_f32 centra_fit_u8], points,
                    n,
                    d,
                    ld,
                    k,
                    options,
                    centers,
                    labels,
                    self.report,
                    workspace,
                    bytes,
                ),
                Function::Assign => {
                    typed!(self.of, [centra_assign centra_assign_f32 centra_assign_u8], points,
                        n,
                        d,
                        ld,
                        k,
                        options,
                        centers,
                        labels,
                        self.sqdist,
                        workspace,
                        bytes,
                    )
                }
                Function::Update => {
                    typed!(self.of, [centra_update centra_update_f32 centra_update_u8], points,
                        n,
                        d,
                        ld,
                        k,
                        options,
                        labels,
                        centers,
                        self.counts,
                        workspace,
                        bytes,
                    )
                }
                Function::Seed => {
                    typed!(self.of, [centra_seed centra_seed_f32 centra_seed_u8], points, n, d, ld, k, options, centers, workspace, bytes)
                }
                Function::Inertia => {
                    typed!(self.of, [centra_inertia centra_inertia_f32 centra_inertia_u8], points, n, d, ld, k, options, centers, labels, self.inertia)
                }
            }
        }
    }
}

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 * 2f64.powi(-53)
    }

    /// Near enough to a normal distribution, without a libm whose last bit differs between platforms.
    pub fn bell(&mut self) -> f64 {
        (0..4).map(|_| self.unit()).sum::<f64>() - 2.0
    }
}

const CHILD: &str = "CENTRA_TEST_CHILD";

/// What this process is to do, if it is a child that `in_child` started.
pub fn child_task() -> Option<String> {
    std::env::var(CHILD).ok()
}

/// Runs the test of the given name again, alone in a process of its own, as a child with this task. Within `deadline`
/// seconds it must end, else it is killed and the test fails.
pub fn in_child(test: &str, task: &str, variables: &[(&str, &str)], deadline: u64) -> Output {
    let mut child = Command::new(std::env::current_exe().expect("the test program has a path"))
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, task)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the test program starts again");
    let (stdout, stderr) = (drained(child.stdout.take()), drained(child.stderr.take()));
    let end = Instant::now() + Duration::from_secs(deadline);
    let mut hung = false;
    let status = loop {
        if let Some(status) = child.try_wait().expect("the child can be waited for") {
            break status;
        }
        if !hung && Instant::now() > end {
            hung = true;
            child.kill().expect("the child can be killed");
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let [stdout, stderr] =
        [stdout, stderr].map(|reader| reader.join().expect("a pipe can be read"));
    let output = Output {
        status,
        stdout,
        stderr,
    };
    assert!(
        !hung,
        "{test} ({task}) {variables:?}: no end after {deadline} s\n{}",
        said(&output)
    );
    output
}

/// Reads a pipe while the child runs: left alone, a full pipe would stop the child.
fn drained(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    let mut pipe = pipe.expect("the child's output is piped");
    std::thread::spawn(move || {
        let mut said = Vec::new();
        pipe.read_to_end(&mut said).expect("a pipe can be read");
        said
    })
}

/// As `in_child`, for a child that must succeed.
pub fn passes_in_child(
    test: &str,
    task: &str,
    variables: &[(&str, &str)],
    deadline: u64,
) -> Output {
    let output = in_child(test, task, variables, deadline);
    // A misspelt name would run no test at all, and succeed.
    let passed = output.status.success() && said(&output).contains("1 passed");
    assert!(
        passed,
        "{test} ({task}) {variables:?}: {}\n{}",
        output.status,
        said(&output)
    );
    output
}

pub fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
