//! Every call with every combination of algorithm, restarts, layout, weights, threads and level, at the dimensions and numbers of
//! centers around every switch, against the oracle. What is crossed is stated in `harness::cross`, which writes
//! docs/what-tests-cross.md.

mod harness;
mod options;
mod reference;

use centra::streams::{State, Wanted};
use centra::Points;
use harness::cross::{self, Call, Cross, Threads, LONG, MANY, SMALL, WIDE};
use harness::data::*;
use harness::*;
use options::stream::{self, Stream};
use options::{Init, Options};
use reference as oracle;

const PLAN: Plan = Plan {
    max_iter: 3,
    ..KEEP
};
const SEED: u64 = 7;

/// What the oracle says of a case.
struct Want {
    labels: Vec<i32>,
    squared: Vec<f64>,
    means: (Vec<f64>, Vec<i64>),
    inertia: f64,
    greedy: Vec<f64>,
    parallel: Vec<f64>,
    random: Vec<f64>,
    fit: oracle::Fit,
    /// From the starts of some restarts.
    restarts: Vec<oracle::Fit>,
}

impl Want {
    fn of(case: &Case, restarts: u32) -> Want {
        let (x, d, k, weights) = (&case.x, case.d, case.k(), case.weights.as_deref());
        let (labels, squared) = oracle::assign(x, d, &case.start);
        let greedy = |restart| oracle::seeding::greedy(x, d, weights, k, SEED, restart);
        let run = |start| {
            Case {
                start,
                ..case.clone()
            }
            .oracle(PLAN)
            .expect("no refusal")
        };
        Want {
            means: oracle::means(x, d, weights, &labels, &case.start, PLAN.empty)
                .expect("no refusal"),
            inertia: oracle::inertia(x, d, weights, &case.start, &labels),
            greedy: greedy(0),
            parallel: oracle::seeding::parallel(x, d, weights, k, SEED, 0),
            random: oracle::seeding::random(x, d, weights, k, SEED, 0),
            fit: case.oracle(PLAN).expect("no refusal"),
            restarts: (0..restarts).map(|restart| run(greedy(restart))).collect(),
            labels,
            squared,
        }
    }

    /// The best of the first few restarts.
    fn best(&self, n_init: u32) -> &oracle::Fit {
        let fits = self.restarts[..n_init as usize].iter();
        fits.min_by(|a, b| a.inertia.total_cmp(&b.inertia))
            .expect("a restart")
    }
}

/// One call, in a workspace of exactly the size that the query tells for these options.
fn check(
    call: Call,
    case: &Case,
    want: &Want,
    points: &Points,
    options: &Options,
    workspace: &mut Workspace,
) -> Result<(), String> {
    let (n, d, k) = (case.n(), case.d, case.k());
    let init = match call {
        Call::SeedParallel => Init::Parallel,
        Call::SeedRandom => Init::Random,
        Call::SeedGreedy | Call::FitGreedy => Init::KmeansPlusPlus,
        _ => Init::Given,
    };
    let options = &Options {
        init,
        ..options.clone()
    };
    let size = options::workspace_size(n, d, k, options).map_err(refusal)?;
    let mut centers = case.start.clone();
    let mut labels = vec![-7; n];
    match call {
        Call::Assign => {
            let mut squared = vec![-7.0; n];
            let assign = |w: &mut [u8]| {
                options::assign_into(
                    points,
                    &case.start,
                    options,
                    &mut labels,
                    Some(&mut squared),
                    w,
                )
            };
            workspace.run(size, assign)?.map_err(refusal)?;
            equal("labels", &labels, &want.labels)?;
            same("sqdist", &squared, &want.squared)
        }
        Call::Update => {
            let mut counts = vec![-7; k];
            let update = |w: &mut [u8]| {
                options::update_into(
                    points,
                    &want.labels,
                    options,
                    &mut centers,
                    Some(&mut counts),
                    w,
                )
            };
            workspace.run(size, update)?.map_err(refusal)?;
            equal("counts", &counts, &want.means.1)?;
            same("means", &centers, &want.means.0)
        }
        Call::Inertia => {
            let inertia =
                options::inertia(points, &case.start, &want.labels, options).map_err(refusal)?;
            same("inertia", &[inertia], &[want.inertia])
        }
        Call::SeedGreedy | Call::SeedParallel | Call::SeedRandom => {
            let seed = |w: &mut [u8]| options::seed_into(points, options, &mut centers, w);
            workspace.run(size, seed)?.map_err(refusal)?;
            let drawn = match init {
                Init::Parallel => &want.parallel,
                Init::Random => &want.random,
                _ => &want.greedy,
            };
            same("seeds", &centers, drawn)
        }
        Call::FitGiven | Call::FitGreedy => {
            let fit = |w: &mut [u8]| {
                options::fit_into(points, options, &mut centers, Some(&mut labels), w)
            };
            let report = workspace.run(size, fit)?.map_err(refusal)?;
            let want = if init == Init::Given {
                &want.fit
            } else {
                want.best(options.n_init)
            };
            same_run(want, &centers, &labels, &report)?;
            let enough = n * d * k >= THREADED;
            let wanted = if enough {
                options.threads
            } else {
                report.threads
            };
            equal("threads", &[report.threads], &[wanted])
        }
        Call::Stream => {
            let mut range = vec![0; stream::range_length(d).map_err(refusal)?];
            stream::range(points, options, &mut range).map_err(refusal)?;
            let whole = Stream::new(n, d, k, &range).map_err(refusal)?;
            let mut sums = vec![0; whole.sums_length().map_err(refusal)?];
            let (mut state, wanted) = (
                State::default(),
                Wanted::default().inertia(true).moved(true),
            );
            labels.fill(0);
            while !state.done() {
                sums.fill(0);
                stream::sums(
                    &whole,
                    points,
                    options,
                    &centers,
                    Some(&mut labels),
                    wanted,
                    &mut sums,
                )
                .map_err(refusal)?;
                stream::step(&whole, &sums, options, &mut centers, &mut state).map_err(refusal)?;
            }
            equal("labels", &labels, &want.fit.labels)?;
            same("centers", &centers, &want.fit.centers)?;
            same("inertia", &[state.inertia], &[want.fit.inertia])?;
            equal("iterations", &[state.iterations], &[want.fit.iterations])
        }
        Call::FitRandom => unreachable!("tests/restarts.rs"),
    }
}

/// All that a test crosses, without weights or with them, of points as many as a shape wants.
fn crossed(cross: &Cross, weighted: bool, points: impl Fn(usize, usize) -> usize) {
    assert!(cross.weights.contains(&weighted));
    let (mut bad, mut rng) = (Bad::default(), Rng(51));
    let all = ways(cross.isas, &cross.counts(), cross.copies);
    let most = *cross.n_init.iter().max().expect("restarts");
    for (turn, (d, k)) in cross.shapes().into_iter().enumerate() {
        let n = points(d, k);
        // Numbers that are rounded, and small whole ones, which tie.
        let x = fill([BELL, GRID][turn % 2], n * d, &mut rng);
        let start = distinct(&x, d, k, &mut rng);
        let plain = Case::new("crossed", d, x, start);
        let case = match weighted {
            // Some of them zero.
            true => plain.weighted("whole", weigh(WEIGHTS[1], n, &mut rng)),
            false => plain,
        };
        let want = Want::of(&case, most);
        case.each("crossed", &all, &mut bad, |points, options, workspace| {
            for &algorithm in cross.algorithms {
                for &n_init in cross.n_init {
                    let options = Options {
                        algorithm,
                        n_init,
                        seed: SEED,
                        ..PLAN.options(options.clone())
                    };
                    for &call in cross.calls {
                        check(call, &case, &want, points, &options, workspace).map_err(|e| {
                            format!("{call:?}, {algorithm:?}, {n_init} restarts: {e}")
                        })?;
                    }
                }
            }
            Ok(())
        });
    }
}

#[test]
fn few_dimensions_and_centers() {
    crossed(&SMALL, false, |_, _| 77);
}

#[test]
fn few_dimensions_and_centers_with_weights() {
    crossed(&SMALL, true, |_, _| 77);
}

#[test]
fn many_dimensions() {
    crossed(&WIDE, false, |_, _| 75);
}

#[test]
fn many_dimensions_with_weights() {
    crossed(&WIDE, true, |_, _| 75);
}

#[test]
fn many_centers() {
    for &weighted in MANY.weights {
        crossed(&MANY, weighted, |_, _| 270);
    }
}

#[test]
fn enough_work_for_threads() {
    assert!(LONG.threads.contains(&Threads::TwoAtWork));
    for &weighted in LONG.weights {
        crossed(&LONG, weighted, |d, k| THREADED.div_ceil(d * k) + 1);
    }
}

/// The page shows what the tests cross, and argues each pair of dimensions that is not fully crossed. `CENTRA_WRITE_TABLE=1` writes
/// the tables anew.
#[test]
fn what_is_crossed_is_listed() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/what-tests-cross.md");
    let page = std::fs::read_to_string(&file).expect("docs/what-tests-cross.md");
    let (start, end) = ("<!-- crossed -->\n", "<!-- end of crossed -->\n");
    let from = page.find(start).expect("where tables start") + start.len();
    let to = page.find(end).expect("where tables end");
    let tables = cross::tables();
    if std::env::var_os("CENTRA_WRITE_TABLE").is_some() {
        let page = format!("{}{tables}{}", &page[..from], &page[to..]);
        std::fs::write(&file, page).expect("docs/what-tests-cross.md");
        return;
    }
    assert!(
        page[from..to] == tables,
        "docs/what-tests-cross.md shows other tests; CENTRA_WRITE_TABLE=1 writes them anew"
    );
    for which in cross::holes().into_keys() {
        let argued = format!("**{}**", cross::pair(which));
        assert!(
            page[to..].contains(&argued),
            "docs/what-tests-cross.md does not say why not all of {argued}"
        );
    }
}
