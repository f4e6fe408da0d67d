//! A caller may have set flush-to-zero, another rounding mode or trapping exceptions. Every function then gives the
//! same bits as in the standard environment, on every thread, and hands the caller's environment back as it was:
//! control bits and sticky flags, also when it refuses; a progress callback finds the caller's own.
//!
//! A trap that the library lets happen ends the process, so each environment has a child process to itself. Rust's
//! own view is that the environment is the standard one; hence nothing but the call under test happens between the
//! two assembly blocks that set a hostile environment and take it away.

mod calls;

#[cfg(target_arch = "x86_64")]
mod environment {
    use std::arch::asm;

    /// The SSE control and status register, and the control word of the x87 unit, which `long double` code uses.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Environment {
        pub sse: u32,
        pub x87: u16,
    }

    pub const STANDARD: Environment = Environment {
        sse: 0x1F80,
        x87: 0x037F,
    };

    const FLUSH: u32 = 0x8040; // results and operands
    const FLAGS: u32 = 0x3F;

    pub const HOSTILE: [(&str, Environment); 21] = [
        ("standard", STANDARD),
        ("flush to zero", sse(0x8000)),
        ("denormals are zero", sse(0x0040)),
        ("both flushes", sse(FLUSH)),
        ("down", sse(0x2000)),
        ("up", sse(0x4000)),
        ("toward zero", sse(0x6000)),
        ("toward zero, flushes", sse(0x6000 | FLUSH)),
        ("invalid traps", traps(0x0080)),
        ("denormal traps", traps(0x0100)),
        ("division by zero traps", traps(0x0200)),
        ("overflow traps", traps(0x0400)),
        ("underflow traps", traps(0x0800)),
        ("inexact traps", traps(0x1000)),
        ("everything traps", traps(0x1F80)),
        (
            "everything traps, up",
            Environment {
                sse: 0x4000,
                x87: 0x037F,
            },
        ),
        ("all flags raised", sse(FLAGS)),
        (
            "all flags raised, everything traps",
            Environment {
                sse: FLAGS,
                x87: 0x037F,
            },
        ),
        (
            "one flag raised, down, flushes",
            sse(0x0010 | 0x2000 | FLUSH),
        ),
        (
            "x87 in single precision, toward zero",
            Environment {
                sse: 0x1F80,
                x87: 0x0C7F,
            },
        ),
        (
            "x87 traps, double precision, up",
            Environment {
                sse: 0x1F80,
                x87: 0x0A40,
            },
        ),
    ];

    const fn sse(set: u32) -> Environment {
        Environment {
            sse: STANDARD.sse | set,
            ..STANDARD
        }
    }
    const fn traps(unmasked: u32) -> Environment {
        Environment {
            sse: STANDARD.sse & !unmasked,
            ..STANDARD
        }
    }

    #[inline(always)]
    pub fn get() -> Environment {
        let (mut sse, mut x87) = (0u32, 0u16);
        // SAFETY: both store to a live local.
        unsafe {
            asm!("stmxcsr [{}]", "fnstcw [{}]", in(reg) &mut sse, in(reg) &mut x87, options(nostack))
        };
        Environment { sse, x87 }
    }

    #[inline(always)]
    pub fn set(to: Environment) {
        // SAFETY: reserved bits are zero. That Rust code under another environment than the standard one may not
        // compute in floating point is kept by the callers: they only make the call under test.
        unsafe {
            asm!("ldmxcsr [{}]", "fldcw [{}]", in(reg) &to.sse, in(reg) &to.x87, options(nostack))
        };
    }

    /// x - y and x * y as the processor now computes them.
    #[inline(never)]
    pub fn compute(x: f64, y: f64) -> (f64, f64) {
        let (mut difference, mut product) = (x, x);
        // SAFETY: plain arithmetic, in assembly so that no compiler computes it in advance.
        unsafe {
            asm!("subsd {0}, {2}", "mulsd {1}, {2}",
                inout(xmm_reg) difference, inout(xmm_reg) product, in(xmm_reg) y, options(nostack));
        }
        (difference, product)
    }

    /// Whether arithmetic is other than the standard one; those that trap cannot be asked.
    pub fn bites(e: Environment) -> Option<bool> {
        (e.sse & 0x1F80 == 0x1F80).then_some(e.sse & (0x6000 | FLUSH) != 0)
    }
}

#[cfg(target_arch = "aarch64")]
mod environment {
    use std::arch::asm;

    /// Control and status. (Traps are optional there, and read back as zero on most processors.)
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Environment {
        pub control: u64,
        pub status: u64,
    }

    pub const STANDARD: Environment = Environment {
        control: 0,
        status: 0,
    };

    const FLUSH: u64 = 1 << 24;

    pub const HOSTILE: [(&str, Environment); 14] = [
        ("standard", STANDARD),
        ("flush to zero", control(FLUSH)),
        ("up", control(1 << 22)),
        ("down", control(2 << 22)),
        ("toward zero", control(3 << 22)),
        ("toward zero, flushes", control(3 << 22 | FLUSH)),
        ("invalid traps", control(1 << 8)),
        ("division by zero traps", control(1 << 9)),
        ("overflow traps", control(1 << 10)),
        ("underflow traps", control(1 << 11)),
        ("inexact traps", control(1 << 12)),
        ("everything traps", control(0x9F00)),
        (
            "all flags raised",
            Environment {
                control: 0,
                status: 0x9F,
            },
        ),
        (
            "one flag raised, down, flushes",
            Environment {
                control: 2 << 22 | FLUSH,
                status: 0x10,
            },
        ),
    ];

    const fn control(control: u64) -> Environment {
        Environment { control, status: 0 }
    }

    #[inline(always)]
    pub fn get() -> Environment {
        let (control, status): (u64, u64);
        // SAFETY: reads two registers.
        unsafe {
            asm!("mrs {}, fpcr", "mrs {}, fpsr", out(reg) control, out(reg) status, options(nostack))
        };
        Environment { control, status }
    }

    #[inline(always)]
    pub fn set(to: Environment) {
        // SAFETY: see the twin above.
        unsafe {
            asm!("msr fpcr, {}", "msr fpsr, {}", in(reg) to.control, in(reg) to.status, options(nostack))
        };
    }

    #[inline(never)]
    pub fn compute(x: f64, y: f64) -> (f64, f64) {
        let (difference, product): (f64, f64);
        // SAFETY: plain arithmetic, in assembly so that no compiler computes it in advance.
        unsafe {
            asm!("fsub {0:d}, {2:d}, {3:d}", "fmul {1:d}, {2:d}, {3:d}",
                out(vreg) difference, out(vreg) product, in(vreg) x, in(vreg) y, options(nostack));
        }
        (difference, product)
    }

    pub fn bites(e: Environment) -> Option<bool> {
        (e.control & 0x9F00 == 0).then_some(e.control & (3 << 22 | FLUSH) != 0)
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[test]
#[ignore = "this test does not know the floating-point environment of this architecture"]
fn same_answer_and_same_environment() {}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod tests {
    use super::calls::stream::Chunk;
    use super::calls::*;
    use super::environment::{bites, compute, get, set, Environment, HOSTILE, STANDARD};
    use std::ffi::c_void;
    use std::hash::{DefaultHasher, Hash, Hasher};

    /// Calls under `hostile`; the result, and the environment that the call left.
    #[inline(never)]
    fn under<R>(hostile: Environment, call: impl FnOnce() -> R) -> (R, Environment) {
        set(hostile);
        let result = call();
        let left = get();
        set(STANDARD);
        (result, left)
    }

    /// Data on which each hostile environment would show: subnormal coordinates, differences, squares and products
    /// with weights; sums that round; and magnitudes that mix.
    fn problems() -> Vec<(String, Problem)> {
        type Scale = fn(usize) -> f64;
        let scales: [(&str, Scale); 4] = [
            ("ordinary", |_| 1.0),
            ("subnormal coordinates", |i| [1e-150, 4e-311][i.min(1)]),
            ("subnormal squares", |_| 1e-157),
            ("mixed", |i| [1e-310, 1.0, 1e-160, 1e145][i % 4]),
        ];
        let mut problems = Vec::new();
        for (scale_name, scale) in scales {
            // Few dimensions, many, and enough work for several threads.
            for (n, d, k) in [(300, 2, 10), (150, 33, 12), (42_000, 4, 16)] {
                let mut problem =
                    Problem::blobs(n, d, k, 17).with(|o| o.max_iter = if n < 1000 { 6 } else { 2 });
                for (i, x) in problem.points.iter_mut().enumerate() {
                    *x *= scale(i % d);
                }
                problem.start = problem.points[(n - k) * d..].to_vec();
                let mut tiny = problem.clone().weighted().columns();
                tiny.weights.iter_mut().flatten().for_each(|w| *w *= 1e-308);
                let given = problem.clone().with(|o| (o.init, o.tol) = (GIVEN, 1e-3));
                let restarts = problem
                    .clone()
                    .weighted()
                    .with(|o| (o.init, o.n_init) = (RANDOM, 2));
                let variants = [
                    ("k-means++", problem),
                    ("tiny weights", tiny),
                    ("given", given),
                    ("twice", restarts),
                ];
                // With many points two of them, so that the threads do not take all the time.
                let step = if n < 1000 { 1 } else { 2 };
                for (name, problem) in variants.into_iter().step_by(step) {
                    problems.push((format!("{scale_name} {n}x{d} {name}"), problem));
                }
            }
        }
        problems
    }

    /// What is refused after a test of the data or of a floating-point option: each test must be made in the standard environment.
    fn refusals() -> Vec<(&'static str, Problem, i32)> {
        let blobs = Problem::blobs(900, 3, 10, 17);
        let signalling = f64::from_bits(0x7FF0_0000_0000_0001);
        let mut refusals = Vec::new();
        let mut add = |name, status, spoil: &dyn Fn(&mut Problem)| {
            let mut problem = blobs.clone();
            spoil(&mut problem);
            refusals.push((name, problem.clone(), status));
            refusals.push((name, problem.columns(), status));
        };
        add("NaN", ERR_NONFINITE, &|p| p.points[100] = f64::NAN);
        add("signalling NaN", ERR_NONFINITE, &|p| {
            p.points[100] = signalling
        });
        add("infinity", ERR_NONFINITE, &|p| {
            p.points[100] = f64::NEG_INFINITY
        });
        add("range", ERR_RANGE, &|p| p.points[100] = 1.5e300);
        add("weight NaN", ERR_NONFINITE, &|p| {
            p.weights = Some(vec![signalling; 900])
        });
        add("weight negative", ERR_WEIGHTS, &|p| {
            p.weights = Some(vec![-1e-310; 900])
        });
        add("weights zero", ERR_WEIGHTS, &|p| {
            p.weights = Some(vec![0.0; 900])
        });
        add("tol NaN", ERR_OPTION, &|p| p.options.tol = signalling);
        add("tol quiet NaN", ERR_OPTION, &|p| p.options.tol = f64::NAN);
        add("tol negative", ERR_OPTION, &|p| p.options.tol = -1e-310);
        add("center", ERR_NONFINITE, &|p| {
            (p.start[1], p.options.init) = (f64::NAN, GIVEN)
        });
        add("empty", ERR_EMPTY, &|p| {
            p.start = p.points[..3].repeat(10);
            (p.options.init, p.options.empty) = (GIVEN, ERROR);
        });
        refusals
    }

    #[derive(Default)]
    struct Observed {
        calls: i32,
        others: i32,
        expected: Option<Environment>,
    }

    extern "C" fn observe(_: *const Progress, seen: *mut c_void) -> i32 {
        let found = get();
        // SAFETY: the tests below hand over a live Observed, which nobody else reads or writes during the call.
        let seen = unsafe { &mut *seen.cast::<Observed>() };
        seen.calls += 1;
        seen.others += (seen.expected != Some(found)) as i32;
        0
    }

    fn cores() -> usize {
        std::thread::available_parallelism().map_or(1, |cores| cores.get())
    }

    fn workspace(problem: &Problem) -> Vec<u8> {
        vec![0; problem.workspace_size() + 16]
    }

    fn aligned(workspace: &mut [u8]) -> &mut [u8] {
        let offset = workspace.as_ptr().align_offset(16);
        let bytes = workspace.len() - 16;
        &mut workspace[offset..offset + bytes]
    }

    /// Every function, through both APIs, under one environment; a digest of all results.
    fn check(hostile: Environment) -> u64 {
        // As the processor has it: on aarch64 the bits of traps it does not know read back as zero.
        let hostile = under(hostile, || ()).1;
        if let Some(bites) = bites(hostile) {
            // A difference that rounds, one that is subnormal, a product that rounds, an operand that is subnormal.
            let results = || {
                const TINY: f64 = f64::EPSILON / 256.0;
                [(1.0, TINY), (3e-308, 2.5e-308), (0.1, -0.7), (4e-310, 0.5)]
                    .map(|(x, y)| compute(x, y))
            };
            let expected = results();
            let (found, _) = under(hostile, results);
            assert_eq!(
                expected != found,
                bites,
                "the environment is not as hostile as it should be"
            );
        }
        let mut digest = DefaultHasher::new();
        for (name, problem) in problems() {
            for function in problem.functions() {
                let mut all = Vec::new();
                for threads in [1, 4] {
                    // Others are too small to use threads.
                    if threads > 1 && problem.n < 1000 {
                        continue;
                    }
                    let problem = problem.clone().with(|o| o.threads = threads);
                    let mut memory = workspace(&problem);

                    // The hostile call first: what it leaves behind must not be poisoned either.
                    let mut seen = Observed {
                        expected: Some(hostile),
                        ..Observed::default()
                    };
                    let mut watched = problem.clone().with(|o| {
                        (o.progress, o.progress_data) =
                            (Some(observe as ProgressFn), (&raw mut seen).cast());
                    });
                    let mut outputs = watched.outputs();
                    let (mut theirs, mut own) = (aligned(&mut memory), [].as_mut_slice());
                    let given = if threads == 1 { &mut theirs } else { &mut own };
                    let args = watched.args(&mut outputs, given);
                    let (status, left) = under(hostile, || args.call(function));
                    assert_eq!(status, OK, "{function:?} {name}: {}", detail());
                    assert_eq!(
                        left, hostile,
                        "{function:?} {name}, threads {threads}: environment not restored"
                    );
                    all.push(outputs.bits());
                    if function == Function::Fit {
                        assert!(seen.calls > 0, "{name}: the callback was not called");
                        assert!(outputs.report.threads == threads || cores() < threads as usize);
                        assert_eq!(
                            seen.others, 0,
                            "{name}: the callback saw another environment"
                        );
                    }

                    let mut outputs = problem.outputs();
                    let (status, left) = under(hostile, || {
                        problem.call_rust(function, &mut outputs, theirs)
                    });
                    assert_eq!(
                        (status, left),
                        (OK, hostile),
                        "Rust {function:?} {name}, threads {threads}"
                    );
                    all.push(outputs.bits());
                }
                all.push(problem.run(function).bits());
                assert!(
                    all.windows(2).all(|pair| pair[0] == pair[1]),
                    "{function:?} {name}: other bits"
                );
                all[0].hash(&mut digest);
            }
            if problem.n < 1000 || name.starts_with("ordinary") {
                check_allocating_rust(&name, &problem, hostile);
            }
        }
        for (name, problem, expected) in refusals() {
            for (function, threads) in FUNCTIONS.into_iter().flat_map(|f| [(f, 1), (f, 4)]) {
                let mut problem = problem.clone().with(|o| o.threads = threads);
                let mut outputs = problem.outputs();
                let args = problem.args(&mut outputs, &mut []);
                let standard = args.call(function);
                let (status, left) = under(hostile, || args.call(function));
                assert!(
                    status == expected || status == standard && function != Function::Fit,
                    "{name} {function:?}"
                );
                assert_eq!((status, left), (standard, hostile), "{name}: {function:?}");
                let mut memory = vec![0; 1 << 21];
                let memory = aligned(&mut memory);
                let (refused, left) =
                    under(hostile, || problem.try_rust(function, &mut outputs, memory));
                let status = refused.as_ref().map_or_else(|e| e.status() as i32, |()| OK);
                assert_eq!(
                    (status, left),
                    (standard, hostile),
                    "{name}: Rust {function:?}"
                );
                // The same words, too, with subnormal numbers in them.
                let usual = problem.try_rust(function, &mut outputs, memory);
                assert_eq!(
                    said_of(refused),
                    said_of(usual),
                    "{name}: Rust {function:?}"
                );
            }
        }
        check_stream(hostile, &mut digest);
        check_rust_stream(hostile);
        check_rust_progress(hostile);
        check_queries(hostile);
        digest.finish()
    }

    fn said_of<R>(result: Result<R, centra::Error>) -> Option<String> {
        result.err().map(|error| error.to_string())
    }

    /// Scales of coordinates, and weights.
    const CHUNKS: [(f64, Option<f64>); 6] = [
        (1.0, None),
        (1.0, Some(0.1)),
        (1.0, Some(1e-308)),
        (4e-311, None),
        (1e-157, Some(3e-160)),
        (1e145, Some(1e-10)),
    ];

    /// The calls on chunks, made and refused, beside the same in the standard environment.
    fn check_stream(hostile: Environment, digest: &mut DefaultHasher) {
        let (n, d, k) = (300, 3, 5);
        // The lowest bits of terms are subnormal, too, where the range's powers of two are.
        for (scale, weight) in CHUNKS {
            let points = Problem::blobs(n, d, k, 17).points;
            let points: Vec<f64> = points.iter().map(|x| x * scale).collect();
            let weights =
                weight.map(|w| (0..n).map(|p| w * (1 + p % 9) as f64).collect::<Vec<_>>());
            let chunk = || Chunk::new(points.clone(), weights.clone(), d, k, 0);
            let (mut usual, mut chunk) = (chunk(), chunk());
            let mut memory = vec![0; chunk.workspace_size() + 16];
            for call in Chunk::ORDER {
                let name = format!("{call:?}, scale {scale:e}, weights {weight:?}");
                let memory = aligned(&mut memory);
                let refused = chunk.spoil(call);
                let result = under(hostile, || chunk.call(call, memory));
                assert_eq!(result, (refused, hostile), "refused {name}: {}", detail());
                chunk.spoil(call);
                let result = under(hostile, || chunk.call(call, memory));
                assert_eq!(result, (OK, hostile), "{name}: {}", detail());
                assert_eq!(usual.call(call, memory), OK);
                chunk.follow(call);
                usual.follow(call);
                assert!(chunk.bits() == usual.bits(), "{name}: other bits");
            }
            chunk.bits().hash(digest);
        }
    }

    /// What a Rust call gives, or says where it refuses: under a hostile environment, which it leaves as it was, as in the standard one.
    fn both<R: PartialEq>(
        name: &str,
        hostile: Environment,
        mut call: impl FnMut() -> Result<R, centra::Error>,
    ) -> Result<R, String> {
        let (found, left) = under(hostile, &mut call);
        assert_eq!(left, hostile, "Rust {name}: environment not restored");
        let (found, usual) = (
            found.map_err(|error| error.to_string()),
            call().map_err(|error| error.to_string()),
        );
        let same = found == usual;
        let said = usual.as_ref().err();
        assert!(same, "Rust {name}: not the same; usually {said:?}");
        usual
    }

    /// Each of the Rust calls on chunks, and some that are refused.
    fn check_rust_stream(hostile: Environment) {
        use centra::streams::{range_length, Drawn, Kept, State, Wanted, MASSES};
        use centra::{Empty, KMeans, Points, Start, Workspace};
        let (n, d, k) = (300, 3, 5);
        let bits = |x: Vec<f64>| -> Vec<u64> { x.into_iter().map(f64::to_bits).collect() };
        for (scale, weight) in CHUNKS {
            let blobs = Problem::blobs(n, d, k, 17).points;
            let x: Vec<f64> = blobs.iter().map(|x| x * scale).collect();
            let weights =
                weight.map(|w| (0..n).map(|p| w * (1 + p % 9) as f64).collect::<Vec<_>>());
            let points = Points::rows(&x, n, d).expect("points");
            let kmeans = KMeans::new(k).start(Start::Parallel).empty(Empty::Keep);
            let kmeans = match &weights {
                Some(weights) => kmeans.weights(weights),
                None => kmeans,
            };
            let (mut workspace, start) = (Workspace::new(), &x[..k * d]);
            let w = &mut workspace;
            let all = format!("of scale {scale:e}, weights {weight:?}");

            let range = both(&format!("stream_range {all}"), hostile, || {
                let mut range = vec![0; range_length(d)?];
                kmeans.stream_range(&points, &mut range, w)?;
                Ok(range)
            });
            let range = range.expect("a range");
            let made = both(&format!("stream {all}"), hostile, || {
                kmeans.stream(n, d, &range).map(|_| ())
            });
            made.expect("a stream");
            let stream = kmeans.stream(n, d, &range).expect("a stream");
            let size = || kmeans.stream_workspace_size(n, n, d);
            both(&format!("workspace {all}"), hostile, size).expect("bytes");
            let length = both(&format!("sums_length {all}"), hostile, || {
                stream.sums_length()
            });
            let length = length.expect("a length");
            let wanted = Wanted::default().inertia(true);
            let sums = both(&format!("sums {all}"), hostile, || {
                let (mut labels, mut sums) = (vec![0; n], vec![0; length]);
                stream.sums(&points, start, Some(&mut labels), wanted, &mut sums, w)?;
                Ok((labels, sums))
            });
            let (_, sums) = sums.expect("sums");
            let means = both(&format!("means {all}"), hostile, || {
                let mut centers = start.to_vec();
                stream.means(&mut centers, &sums, None)?;
                Ok(bits(centers))
            });
            means.expect("means");
            let step = both(&format!("step {all}"), hostile, || {
                let (mut centers, mut state) = (start.to_vec(), State::default());
                stream.step(&mut centers, &sums, &mut state)?;
                let numbers = [state.inertia.to_bits(), state.shift.to_bits()];
                Ok((bits(centers), state.iterations, numbers))
            });
            step.expect("a step");
            let masses = both(&format!("masses {all}"), hostile, || {
                let mut masses = vec![0; MASSES];
                stream.masses(&points, start, None, &mut masses, w)?;
                Ok(masses)
            });
            let masses = masses.expect("masses");
            let most = stream.candidates_per_round();
            let drawn = both(&format!("draw {all}"), hostile, || {
                let (mut rows, mut count) = (vec![0.0; most * d], 0);
                let drawn = Drawn {
                    round: 1,
                    first: 0,
                    rows: &mut rows,
                    count: &mut count,
                };
                stream.draw(&points, start, None, &masses, drawn, w)?;
                Ok((bits(rows), count))
            });
            drawn.expect("candidates");
            let length = || stream.weights_length(k);
            let length = both(&format!("weights_length {all}"), hostile, length);
            let length = length.expect("a length");
            let weights = both(&format!("weigh {all}"), hostile, || {
                let mut weights = vec![0; length];
                stream.weigh(&points, start, &mut weights, w)?;
                Ok(weights)
            });
            let weights = weights.expect("weights");
            let chosen = both(&format!("choose {all}"), hostile, || {
                let mut centers = vec![0.0; k * d];
                stream.choose(start, &mut centers, &weights, w)?;
                Ok(bits(centers))
            });
            chosen.expect("centers");

            let said = both(&format!("masses {all}"), hostile, || {
                let (mut distances, mut masses) = (vec![-1e-310; n], [0; MASSES]);
                let kept = Kept {
                    distances: &mut distances,
                    known: 1,
                };
                stream.masses(&points, start, Some(kept), &mut masses, w)
            });
            let said = said.expect_err("a negative distance");
            assert!(said.contains("-1e-310"), "{said}");
            let mut far = start.to_vec();
            far[1] = 1.5e300;
            let said = both(&format!("sums {all}"), hostile, || {
                let mut sums = vec![0; sums.len()];
                stream.sums(&points, &far, None, wanted, &mut sums, w)
            });
            let said = said.expect_err("a center far away");
            assert!(said.contains("1.5e300"), "{said}");
        }
    }

    /// The callback of a Rust fit finds the environment of the caller.
    fn check_rust_progress(hostile: Environment) {
        let problem = Problem::blobs(300, 2, 10, 17);
        let points = problem.rust_points().expect("valid");
        let mut found = Vec::new();
        let mut watched = problem.rust_kmeans().progress(|_| {
            found.push(get());
            std::ops::ControlFlow::Continue(())
        });
        let (fit, left) = under(hostile, || watched.fit(&points));
        assert_eq!(left, hostile, "Rust progress: environment not restored");
        let calls = fit.expect("valid").report.iterations as usize;
        assert_eq!(found, vec![hostile; calls], "Rust progress");
    }

    /// The Rust functions that return vectors are entrances of their own.
    fn check_allocating_rust(name: &str, problem: &Problem, hostile: Environment) {
        let points = problem.rust_points().expect("valid");
        let kmeans = problem.rust_kmeans().threads(4);
        let (labels, start) = (&problem.labels, &problem.start);
        let from_start = kmeans.clone().start(centra::Start::Centers(start));
        let bits = |x: &[f64]| -> Vec<u64> { x.iter().map(|x| x.to_bits()).collect() };
        let fit = || kmeans.fit(&points).expect("valid");
        let fit_from = || from_start.fit(&points).expect("valid");
        let seed = || kmeans.seed_centers(&points).expect("valid");
        let assign = || kmeans.assign(&points, start).expect("valid");
        let inertia = || kmeans.inertia(&points, start, labels).expect("valid");
        let update = || {
            let mut centers = start.clone();
            let counts = kmeans.update(&points, &mut centers, labels).expect("valid");
            (centers, counts)
        };
        macro_rules! same {
            ($call:expr, $key:expr) => {
                let (under_hostile, left) = under(hostile, || $call);
                assert_eq!(
                    left,
                    hostile,
                    "Rust {} {name}: environment not restored",
                    stringify!($call)
                );
                let key = $key;
                assert!(
                    key(&under_hostile) == key(&$call),
                    "Rust {} {name}: other bits",
                    stringify!($call)
                );
            };
        }
        let clustering = |c: &centra::Clustering| {
            (
                bits(&c.centers),
                c.labels.clone(),
                c.report.inertia.to_bits(),
            )
        };
        same!(fit_from(), clustering);
        same!(assign(), |labels: &Vec<i32>| labels.clone());
        same!(inertia(), |inertia: &f64| inertia.to_bits());
        same!(update(), |(centers, counts): &(Vec<f64>, Vec<i64>)| (
            bits(centers),
            counts.clone()
        ));
        if problem.options.init != GIVEN {
            same!(fit(), clustering);
            same!(seed(), |centers: &Vec<f64>| bits(centers));
        }
    }

    /// Not even a query may leave a flag behind or trap; 2 + floor(ln k) is floating point, unless one takes care.
    fn check_queries(hostile: Environment) {
        for k in [1, 2, 3, 7, 8, 20, 21, 54, 55, 1000, 1097, 100_000] {
            for threads in [1, 4] {
                let (options, mut bytes) = (
                    Options {
                        threads,
                        ..options()
                    },
                    [0; 2],
                );
                for (i, environment) in [STANDARD, hostile].into_iter().enumerate() {
                    let bytes = &mut bytes[i];
                    // SAFETY: pointers to live locals.
                    let query = || unsafe { centra_workspace_size(200_000, 3, k, &options, bytes) };
                    assert_eq!(
                        under(environment, query),
                        (OK, environment),
                        "workspace_size for k = {k}"
                    );
                }
                assert_eq!(bytes[0], bytes[1], "workspace_size for k = {k}");
            }
        }
        let kmeans = centra::KMeans::new(1097);
        let query = || kmeans.workspace_size(200_000, 3).is_ok();
        assert_eq!(
            under(hostile, query),
            (true, hostile),
            "Rust workspace_size"
        );
        let ((), left) = under(hostile, || {
            let (mut some_options, mut some_report) = (
                std::mem::MaybeUninit::uninit(),
                std::mem::MaybeUninit::uninit(),
            );
            // SAFETY: pointers to live locals that the functions fill.
            unsafe {
                centra_options_init(some_options.as_mut_ptr());
                centra_report_init(some_report.as_mut_ptr());
                centra_status_message(-4);
                centra_error_detail();
                centra_version();
                centra_isa();
            }
        });
        assert_eq!(left, hostile, "queries");
    }

    #[test]
    fn same_answer_and_same_environment() {
        if let Some(number) = child_task() {
            let (name, hostile) = HOSTILE[number
                .parse::<usize>()
                .expect("the number of an environment")];
            println!("\nenvironment: {name}\ndigest {:016x}", check(hostile));
            return;
        }
        // Instruction sets in turn: the like of each environment meets all of them, and the digest is one for all.
        let digests: Vec<String> = std::thread::scope(|scope| {
            let children = [0, 1].map(|half| {
                let numbers = (half..HOSTILE.len()).step_by(2);
                let narrower = match cfg!(target_arch = "aarch64") {
                    true => "neon",
                    false => "avx2",
                };
                let isas = ["avx512", narrower, "portable"];
                let digest = move |number| digest_in_child(number, isas[number % 3]);
                scope.spawn(move || numbers.map(digest).collect::<Vec<String>>())
            });
            let joined = children.map(|child| child.join().expect("a child passes"));
            joined.concat()
        });
        assert!(
            digests.iter().all(|digest| *digest == digests[0]),
            "{digests:?}"
        );
    }

    fn digest_in_child(number: usize, isa: &str) -> String {
        let name = HOSTILE[number].0;
        let output = in_child(
            "tests::same_answer_and_same_environment",
            &number.to_string(),
            &[("CENTRA_ISA", isa)],
            300,
        );
        assert!(
            output.status.success(),
            "{name}, {isa}: {}\n{}",
            output.status,
            said(&output)
        );
        let said = said(&output);
        said.lines()
            .find_map(|line| line.strip_prefix("digest "))
            .expect("a child that passes gives a digest")
            .to_string()
    }
}
