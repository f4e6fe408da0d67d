//! centra against plain C: `cargo bench`, or `cargo bench -- --test` for a quick run of everything on small data.
//! README.md beside this folder's programs tells what is compared and how to read it.

use centra::{Empty, Init, Isa, Options, Points};
use criterion::{BenchmarkGroup, Criterion, Throughput};
use std::time::Duration;

/// The work of one comparison: points in rows, the start, and how long a fit goes on.
struct Work {
    name: String,
    n: usize,
    d: usize,
    k: usize,
    max_iter: u64,
    samples: usize,
    points: Vec<f64>,
    start: Vec<f64>,
}

impl Work {
    /// Overlapping Gaussian blobs, as many as centers; the start is the last k points.
    fn new(n: usize, d: usize, k: usize, max_iter: u64, samples: usize) -> Work {
        let mut state = 2026u64;
        let mut uniform = move || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15); // SplitMix64
            let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 11) as f64 * 2f64.powi(-53)
        };
        // So that the middles are equally far apart in any number of dimensions, and a fit takes many iterations.
        let spread = 16.0 / (d as f64).sqrt();
        let middles: Vec<f64> = (0..k * d).map(|_| spread * uniform()).collect();
        let mut points = Vec::with_capacity(n * d);
        for _ in 0..n {
            let blob = (k as f64 * uniform()) as usize;
            for middle in &middles[blob * d..][..d] {
                // Box-Muller
                let radius = (-2.0 * (1.0 - uniform()).ln()).sqrt();
                points.push(middle + radius * (std::f64::consts::TAU * uniform()).cos());
            }
        }
        let start = points[(n - k) * d..].to_vec();
        Work {
            name: format!("{n}x{d}_k{k}"),
            n,
            d,
            k,
            max_iter,
            samples,
            points,
            start,
        }
    }

    fn view(&self) -> Points<'_> {
        Points::rows(&self.points, self.n, self.d).expect("the data fit their shape")
    }

    fn options(&self, isa: Isa, threads: usize) -> Options<'_> {
        let (init, empty) = (Init::Given, Empty::Keep);
        Options {
            init,
            empty,
            isa,
            threads,
            max_iter: self.max_iter,
            ..Options::default()
        }
    }

    fn square_distance(&self, centers: &[f64], p: usize, j: i32) -> f64 {
        let (x, c) = (&self.points[p * self.d..], &centers[j as usize * self.d..]);
        (0..self.d).map(|i| (x[i] - c[i]) * (x[i] - c[i])).sum()
    }

    /// The same labels, but for points so near to a tie that naive arithmetic cannot tell; else the comparison is void.
    fn compare(&self, what: &str, centers: &[f64], ours: &[i32], theirs: &[i32]) {
        let mut ties = 0;
        for (p, (&a, &b)) in ours
            .iter()
            .zip(theirs)
            .enumerate()
            .filter(|(_, (a, b))| a != b)
        {
            let (near, far) = (
                self.square_distance(centers, p, a),
                self.square_distance(centers, p, b),
            );
            let scale: f64 = self.points[p * self.d..][..self.d]
                .iter()
                .map(|x| x * x)
                .sum();
            assert!(
                far - near <= 1e-12 * (scale + near),
                "{what} {}: point {p}: {a} or {b}?",
                self.name
            );
            ties += 1;
        }
        println!(
            "{what} {}: plain C and centra agree ({ties} near ties apart)",
            self.name
        );
    }
}

/// The plain C baseline, compiled here and now for this machine and loaded; a user of the library compiles no C.
#[cfg(unix)]
mod native {
    use super::Work;
    use std::ffi::{c_char, c_void, CString};
    use std::process::Command;

    type Assign =
        unsafe extern "C" fn(*const f64, usize, usize, usize, *const f64, *mut i32) -> i32;
    type Update =
        unsafe extern "C" fn(*const f64, usize, usize, usize, *const i32, *mut f64) -> i32;
    type Fit =
        unsafe extern "C" fn(*const f64, usize, usize, usize, *mut f64, *mut i32, *mut i64) -> i32;

    pub struct Naive {
        assign: Assign,
        update: Update,
        fit: Fit,
    }

    extern "C" {
        fn dlopen(path: *const c_char, mode: i32) -> *mut c_void;
        fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    }

    impl Naive {
        pub fn compile() -> Option<Naive> {
            let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/native/naive.c");
            let library = format!(
                "{}/naive-{}.so",
                env!("CARGO_TARGET_TMPDIR"),
                std::process::id()
            );
            let compiler = std::env::var("CC").unwrap_or("cc".into());
            let plain = [
                "-O3",
                "-march=native",
                "-shared",
                "-fPIC",
                "-o",
                &library,
                source,
            ];
            // GCC uses half of a 512-bit vector on some processors unless told; other targets do not know the flag.
            let wide = ["-mprefer-vector-width=512"];
            let compile = |flags: &[&str]| {
                let output = Command::new(&compiler).args(flags).args(plain).output();
                let fine = output.is_ok_and(|output| output.status.success());
                fine.then(|| {
                    println!(
                        "plain C: {compiler} {} {}",
                        flags.join(" "),
                        plain[..2].join(" ")
                    )
                })
            };
            if compile(&wide).or_else(|| compile(&[])).is_none() {
                println!("plain C: `{compiler}` does not compile {source}; centra runs without its baseline");
                return None;
            }
            let path = CString::new(library.clone()).expect("a path without NUL");
            // SAFETY: loads the library just compiled, whose functions have these signatures.
            let naive = unsafe {
                let loaded = dlopen(path.as_ptr(), 2);
                assert!(!loaded.is_null(), "{library} does not load");
                Naive {
                    assign: std::mem::transmute::<*mut c_void, Assign>(dlsym(
                        loaded,
                        c"naive_assign".as_ptr(),
                    )),
                    update: std::mem::transmute::<*mut c_void, Update>(dlsym(
                        loaded,
                        c"naive_update".as_ptr(),
                    )),
                    fit: std::mem::transmute::<*mut c_void, Fit>(dlsym(
                        loaded,
                        c"naive_fit".as_ptr(),
                    )),
                }
            };
            // Loaded code needs its file no longer.
            std::fs::remove_file(&library).expect("the library was just made");
            Some(naive)
        }

        pub fn assign(&self, work: &Work, centers: &[f64], labels: &mut [i32]) {
            let Work {
                n,
                d,
                k,
                ref points,
                ..
            } = *work;
            assert_eq!(
                (points.len(), centers.len(), labels.len()),
                (n * d, k * d, n)
            );
            // SAFETY: the lengths are what the function reads and writes.
            let fine = unsafe {
                (self.assign)(
                    points.as_ptr(),
                    n,
                    d,
                    k,
                    centers.as_ptr(),
                    labels.as_mut_ptr(),
                )
            };
            assert_eq!(fine, 1, "out of memory");
        }

        pub fn update(&self, work: &Work, labels: &[i32], centers: &mut [f64]) {
            let Work {
                n,
                d,
                k,
                ref points,
                ..
            } = *work;
            assert_eq!(
                (points.len(), centers.len(), labels.len()),
                (n * d, k * d, n)
            );
            assert!(labels.iter().all(|&label| (label as usize) < k));
            // SAFETY: as above, and labels are below k.
            let fine = unsafe {
                (self.update)(
                    points.as_ptr(),
                    n,
                    d,
                    k,
                    labels.as_ptr(),
                    centers.as_mut_ptr(),
                )
            };
            assert_eq!(fine, 1, "out of memory");
        }

        pub fn fit(&self, work: &Work, centers: &mut [f64], labels: &mut [i32]) -> i64 {
            let Work {
                n,
                d,
                k,
                ref points,
                ..
            } = *work;
            assert_eq!(
                (points.len(), centers.len(), labels.len()),
                (n * d, k * d, n)
            );
            centers.copy_from_slice(&work.start);
            let (centers, labels, mut iterations) = (
                centers.as_mut_ptr(),
                labels.as_mut_ptr(),
                work.max_iter as i64,
            );
            // SAFETY: as above.
            let fine =
                unsafe { (self.fit)(points.as_ptr(), n, d, k, centers, labels, &mut iterations) };
            assert_eq!(fine, 1, "out of memory");
            iterations
        }
    }
}

#[cfg(not(unix))]
mod native {
    use super::Work;

    /// Loading a library made on the spot is done for Unix only.
    pub enum Naive {}

    impl Naive {
        pub fn compile() -> Option<Naive> {
            None
        }
        pub fn assign(&self, _: &Work, _: &[f64], _: &mut [i32]) {
            match *self {}
        }
        pub fn update(&self, _: &Work, _: &[i32], _: &mut [f64]) {
            match *self {}
        }
        pub fn fit(&self, _: &Work, _: &mut [f64], _: &mut [i32]) -> i64 {
            match *self {}
        }
    }
}

/// centra's ways: each instruction set that this processor has on one thread, and the best of them on all.
fn ways() -> Vec<(&'static str, Isa, usize)> {
    let all = [
        ("portable", Isa::Portable, 1),
        ("avx2", Isa::Avx2, 1),
        ("avx512", Isa::Avx512, 1),
    ];
    let known = match centra::isa() {
        Isa::Portable => 1,
        Isa::Avx2 => 2,
        Isa::Avx512 => 3,
    };
    all[..known]
        .iter()
        .copied()
        .chain([("all_threads", Isa::Avx512, 0)])
        .collect()
}

/// Times the baseline, if there is one, and each of centra's ways, in its own workspace.
fn compare(
    criterion: &mut Criterion,
    what: &str,
    work: &Work,
    mut baseline: Option<impl FnMut()>,
    mut centra: impl FnMut(&Options, &mut [u8]),
) {
    let mut group = criterion.benchmark_group(format!("{what}_{}", work.name));
    settings(&mut group, work);
    if let Some(baseline) = &mut baseline {
        group.bench_function("plain_c", |bencher| bencher.iter(&mut *baseline));
    }
    for (name, isa, threads) in ways() {
        let options = work.options(isa, threads);
        let bytes =
            centra::workspace_size(work.n, work.d, work.k, &options).expect("a valid shape");
        let mut workspace = vec![0; bytes];
        group.bench_function(name, |bencher| {
            bencher.iter(|| centra(&options, &mut workspace))
        });
    }
    group.finish();
}

fn settings<M: criterion::measurement::Measurement>(
    group: &mut BenchmarkGroup<'_, M>,
    work: &Work,
) {
    group.sample_size(work.samples);
    group.warm_up_time(Duration::from_millis(500));
    group.measurement_time(Duration::from_secs(2));
    group.throughput(Throughput::Elements(work.n as u64));
}

fn bench(criterion: &mut Criterion, naive: Option<&native::Naive>, work: &Work) {
    let best = work.options(Isa::Avx512, 1);
    let points = work.view();
    let mut labels = vec![0; work.n];
    let mut centers = work.start.clone();

    let expected = centra::assign(&points, &work.start, &best).expect("valid data");
    if let Some(naive) = naive {
        naive.assign(work, &work.start, &mut labels);
        work.compare("assign", &work.start, &expected, &labels);
    }
    let mut theirs = labels.clone();
    let baseline = naive.map(|naive| || naive.assign(work, &work.start, &mut theirs));
    compare(criterion, "assign", work, baseline, |options, workspace| {
        centra::assign_into(&points, &work.start, options, &mut labels, None, workspace)
            .expect("valid data");
    });
    assert_eq!(labels, expected, "what was timed is what was checked");

    let mut theirs = centers.clone();
    let baseline = naive.map(|naive| || naive.update(work, &expected, &mut theirs));
    compare(criterion, "update", work, baseline, |options, workspace| {
        centra::update_into(&points, &expected, options, &mut centers, None, workspace)
            .expect("valid data");
    });
    if naive.is_some() {
        let close =
            |(ours, theirs): (&f64, &f64)| (ours - theirs).abs() <= 1e-9 * (1.0 + ours.abs());
        assert!(centers.iter().zip(&theirs).all(close), "the updates differ");
    }

    let expected = centra::fit_from(&points, &work.start, &best).expect("valid data");
    println!(
        "fit {}: {} iterations",
        work.name, expected.report.iterations
    );
    let mut theirs = (work.start.clone(), vec![0; work.n]);
    if let Some(naive) = naive {
        let iterations = naive.fit(work, &mut theirs.0, &mut theirs.1);
        assert_eq!(
            iterations, expected.report.iterations,
            "fits of different length are not compared"
        );
        work.compare("fit", &expected.centers, &expected.labels, &theirs.1);
    }
    let baseline = naive.map(|naive| {
        || {
            naive.fit(work, &mut theirs.0, &mut theirs.1);
        }
    });
    compare(criterion, "fit", work, baseline, |options, workspace| {
        centers.copy_from_slice(&work.start);
        centra::fit_into(&points, options, &mut centers, Some(&mut labels), workspace)
            .expect("valid data");
    });
    assert_eq!(
        (&centers, &labels),
        (&expected.centers, &expected.labels),
        "what was timed is what was checked"
    );
}

fn main() {
    // Criterion's own smoke mode runs every closure once; with less data, it is a matter of a second.
    let smoke = std::env::args().any(|argument| argument == "--test");
    let shrink = if smoke { 50 } else { 1 };
    let naive = native::Naive::compile();
    let mut criterion = Criterion::default().configure_from_args();
    // The talk's work, to convergence; and a few iterations of two that are larger.
    bench(
        &mut criterion,
        naive.as_ref(),
        &Work::new(5_000, 2, 10, 300, 60),
    );
    bench(
        &mut criterion,
        naive.as_ref(),
        &Work::new(1_000_000 / shrink, 2, 10, 10, 10),
    );
    bench(
        &mut criterion,
        naive.as_ref(),
        &Work::new(100_000 / shrink, 64, 256, 5, 10),
    );
    criterion.final_summary();
}
