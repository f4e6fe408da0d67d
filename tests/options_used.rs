//! The lists "Options used: ..." in the header are true: every option in the list of a call changes something, the others change
//! nothing, and an invalid value of any option is refused by every call.
//!
//! `threads` and `parallel` change no results, by promise; only the sizes of workspaces show the former, and tests/parallel.rs the latter.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::c_void;
use std::path::Path;
use std::ptr::{null, null_mut};

use centra::capi::*;

const OPTIONS: [&str; 13] = [
    "init",
    "empty",
    "layout",
    "label_base",
    "threads",
    "n_init",
    "max_iter",
    "tol",
    "seed",
    "weights",
    "progress",
    "algorithm",
    "parallel",
];

/// What the header says of each call that takes options.
fn lists() -> BTreeMap<String, BTreeSet<&'static str>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/centra.h");
    let header = std::fs::read_to_string(path).expect("include/centra.h");
    let mut lists = BTreeMap::new();
    let (mut comment, mut declaration) = (String::new(), String::new());
    for line in header.lines() {
        if let Some(text) = line.strip_prefix("///") {
            comment.push_str(text);
            continue;
        }
        declaration.push_str(line);
        if !line.is_empty() && !line.ends_with(';') {
            continue;
        }
        if declaration.contains("const struct centra_options *options") {
            let name = declaration.split('(').next().unwrap_or_default();
            let name = name.rsplit([' ', '*']).next().unwrap_or_default();
            // Calls on points of another type, and on sparse rows, refer to the call on doubles.
            let of_doubles = name.strip_suffix("_f32").or(name.strip_suffix("_u8"));
            if let Some(of_doubles) = of_doubles.or(name.strip_suffix("_csr")) {
                assert!(
                    comment.contains(&format!("What {of_doubles} returns.")),
                    "{comment}"
                );
                comment.clear();
                declaration.clear();
                continue;
            }
            let (_, list) = comment
                .split_once("Options used: ")
                .unwrap_or_else(|| panic!("{name} has no list of the options used"));
            let list = list.split_once('.').map_or(list, |(list, _)| list);
            let words: BTreeSet<&str> = list.split([' ', ',']).collect();
            let used = OPTIONS
                .into_iter()
                .filter(|option| words.contains("all") || words.contains(option));
            lists.insert(name.to_string(), used.collect());
        }
        comment.clear();
        declaration.clear();
    }
    lists
}

const N: usize = 60;
const D: usize = 2;
const K: usize = 5;
/// Rows and columns that are so far apart are both inside the array.
const LD: usize = N;

/// The inputs of all calls.
struct Data {
    points: Vec<f64>,
    weights: Vec<f64>,
    centers: Vec<f64>,
    labels: Vec<i32>,
    range: Vec<i32>,
    sums: Vec<i64>,
    masses: Vec<i64>,
    shares: Vec<i64>,
}

fn defaults() -> centra_options {
    let mut options = std::mem::MaybeUninit::<centra_options>::uninit();
    // SAFETY: so many writable bytes; all members are written.
    unsafe {
        centra_options_init_sized(options.as_mut_ptr(), size_of::<centra_options>());
        options.assume_init()
    }
}

impl Data {
    fn new() -> Data {
        let mut state = 7u64;
        let mut random = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            (state >> 40) as f64 / f64::from(1 << 24)
        };
        let points: Vec<f64> = (0..N * N).map(|_| random()).collect();
        let weights = (0..N).map(|_| 0.5 + random()).collect();
        // The last center is too far away to have a point.
        let mut centers: Vec<f64> = (0..K)
            .flat_map(|j| [points[j * LD], points[j * LD + 1]])
            .collect();
        centers[2 * K - 1] = 1e6;
        let mut data = Data {
            points,
            weights,
            centers,
            labels: (0..N).map(|p| 1 + (p % (K - 2)) as i32).collect(),
            range: vec![0; 3 * (D + 1)],
            sums: Vec::new(),
            masses: vec![0; CENTRA_STREAM_MASS_DIGITS],
            shares: vec![1; K],
        };
        let options = defaults();
        let total = N as i64;
        // SAFETY: live arrays of the lengths that the header asks for.
        unsafe {
            let range = data.range.as_mut_ptr();
            let points = data.points.as_ptr();
            let status = centra_stream_range(points, N, D, LD, &options, range, null_mut(), 0);
            assert_eq!(status, CENTRA_OK);
            let mut length = 0;
            assert_eq!(
                centra_stream_sums_length(total, D, K, range, &mut length),
                CENTRA_OK
            );
            data.sums = vec![0; length];
            let status = centra_stream_sums(
                points,
                N,
                D,
                LD,
                K,
                &options,
                total,
                range,
                data.centers.as_ptr(),
                null_mut(),
                0,
                data.sums.as_mut_ptr(),
                null_mut(),
                0,
            );
            assert_eq!(status, CENTRA_OK);
            let status = centra_stream_masses(
                points,
                N,
                D,
                LD,
                K,
                &options,
                total,
                range,
                null(),
                0,
                0,
                null_mut(),
                data.masses.as_mut_ptr(),
                null_mut(),
                0,
            );
            assert_eq!(status, CENTRA_OK);
        }
        data
    }

    /// Makes the call of this name: its status, and all that it writes.
    fn call(&self, name: &str, options: &centra_options) -> (i32, Vec<u64>) {
        let total = N as i64;
        let points = self.points.as_ptr();
        let range = self.range.as_ptr();
        let (none, no_bytes) = (null_mut::<c_void>(), 0);
        let mut centers = self.centers.clone();
        let mut labels = self.labels.clone();
        let (mut counts, mut sums, mut masses) = (
            vec![0; K],
            vec![0; self.sums.len()],
            vec![0; self.masses.len()],
        );
        // One cluster is empty.
        let mut farthest = vec![0; D + 4];
        if name == "centra_stream_relocate" {
            sums.copy_from_slice(&self.sums);
        }
        let (mut shares, mut reduced) = (vec![0; K], vec![0; self.range.len()]);
        let (mut distances, mut rows) = (vec![0.0; N], vec![0.0; (3 * K + 32) * D]);
        let (mut bytes, mut drawn, mut inertia) = (0, 0, 0.0);
        let (mut table, mut totals, mut inertias) = (vec![0.0; N * K], vec![0.0; K], vec![0.0; K]);
        // SAFETY: plain structs of numbers.
        let (mut report, mut state): (centra_report, centra_stream_state) =
            unsafe { std::mem::zeroed() };
        // SAFETY: live arrays of the lengths that the header asks for.
        let status = unsafe {
            centra_report_init_sized(&mut report, size_of::<centra_report>());
            centra_stream_state_init(&mut state, size_of::<centra_stream_state>());
            state.iterations = 2;
            state.shift = 1.0;
            // Large problems, for which the query tells threads apart, and one to fit.
            let mut problem = |n, d, k| centra_problem {
                struct_size: size_of::<centra_problem>(),
                points,
                n,
                d,
                ld: LD,
                k,
                weights: null(),
                seed: 3,
                centers: centers.as_mut_ptr(),
                labels: labels.as_mut_ptr(),
                report: &mut report,
                status: 0,
            };
            match name {
                "centra_workspace_size" => {
                    centra_workspace_size(100_000, 64, 100, options, &mut bytes)
                }
                "centra_stream_workspace_size" => {
                    // Of few dimensions, the farthest points take more memory than the sums.
                    let mut few = 0;
                    let status =
                        centra_stream_workspace_size(100_000, 1 << 30, 2, 100, options, &mut few);
                    if status == CENTRA_OK {
                        centra_stream_workspace_size(
                            100_000,
                            1 << 30,
                            64,
                            100,
                            options,
                            &mut bytes,
                        );
                    }
                    bytes += few;
                    status
                }
                "centra_fit" => centra_fit(
                    points,
                    N,
                    D,
                    LD,
                    K,
                    options,
                    centers.as_mut_ptr(),
                    labels.as_mut_ptr(),
                    &mut report,
                    none,
                    no_bytes,
                ),
                "centra_fit_many_workspace_size" => {
                    let large = [(); 4].map(|()| problem(100_000, 64, 100));
                    centra_fit_many_workspace_size(large.as_ptr(), 4, options, &mut bytes)
                }
                "centra_fit_many" => {
                    let mut one = [problem(N, D, K)];
                    centra_fit_many(one.as_mut_ptr(), 1, options, none, no_bytes)
                }
                "centra_assign" => centra_assign(
                    points,
                    N,
                    D,
                    LD,
                    K,
                    options,
                    centers.as_ptr(),
                    labels.as_mut_ptr(),
                    distances.as_mut_ptr(),
                    none,
                    no_bytes,
                ),
                "centra_update" => centra_update(
                    points,
                    N,
                    D,
                    LD,
                    K,
                    options,
                    labels.as_ptr(),
                    centers.as_mut_ptr(),
                    counts.as_mut_ptr(),
                    none,
                    no_bytes,
                ),
                "centra_seed" => centra_seed(
                    points,
                    N,
                    D,
                    LD,
                    K,
                    options,
                    centers.as_mut_ptr(),
                    none,
                    no_bytes,
                ),
                "centra_inertia" => centra_inertia(
                    points,
                    N,
                    D,
                    LD,
                    K,
                    options,
                    centers.as_ptr(),
                    labels.as_ptr(),
                    &mut inertia,
                ),
                "centra_distances" => centra_distances(
                    points,
                    N,
                    D,
                    LD,
                    K,
                    options,
                    centers.as_ptr(),
                    table.as_mut_ptr(),
                    K,
                ),
                "centra_clusters" => centra_clusters(
                    points,
                    N,
                    D,
                    LD,
                    K,
                    options,
                    centers.as_ptr(),
                    labels.as_ptr(),
                    counts.as_mut_ptr(),
                    totals.as_mut_ptr(),
                    inertias.as_mut_ptr(),
                ),
                "centra_stream_range" => centra_stream_range(
                    points,
                    N,
                    D,
                    LD,
                    options,
                    reduced.as_mut_ptr(),
                    none,
                    no_bytes,
                ),
                "centra_stream_sums" => centra_stream_sums(
                    points,
                    N,
                    D,
                    LD,
                    K,
                    options,
                    total,
                    range,
                    centers.as_ptr(),
                    labels.as_mut_ptr(),
                    0,
                    sums.as_mut_ptr(),
                    none,
                    no_bytes,
                ),
                "centra_stream_step" => centra_stream_step(
                    total,
                    D,
                    K,
                    options,
                    range,
                    self.sums.as_ptr(),
                    centers.as_mut_ptr(),
                    &mut state,
                ),
                "centra_stream_farthest_length" => centra_stream_farthest_length(
                    total,
                    D,
                    K,
                    options,
                    range,
                    self.sums.as_ptr(),
                    centers.as_ptr(),
                    &state,
                    &mut bytes,
                ),
                "centra_stream_farthest" => centra_stream_farthest(
                    points,
                    N,
                    D,
                    LD,
                    K,
                    options,
                    total,
                    range,
                    centers.as_ptr(),
                    self.sums.as_ptr(),
                    0,
                    farthest.as_mut_ptr(),
                    farthest.len(),
                    none,
                    no_bytes,
                ),
                "centra_stream_relocate" => centra_stream_relocate(
                    total,
                    D,
                    K,
                    options,
                    range,
                    sums.as_mut_ptr(),
                    farthest.as_ptr(),
                    farthest.len(),
                    centers.as_mut_ptr(),
                    &mut state,
                ),
                "centra_stream_masses" => centra_stream_masses(
                    points,
                    N,
                    D,
                    LD,
                    K,
                    options,
                    total,
                    range,
                    centers.as_ptr(),
                    K - 1,
                    0,
                    null_mut(),
                    masses.as_mut_ptr(),
                    none,
                    no_bytes,
                ),
                "centra_stream_draw" => centra_stream_draw(
                    points,
                    N,
                    D,
                    LD,
                    K,
                    options,
                    total,
                    range,
                    self.masses.as_ptr(),
                    null(),
                    0,
                    null(),
                    0,
                    0,
                    rows.as_mut_ptr(),
                    &mut drawn,
                    none,
                    no_bytes,
                ),
                "centra_stream_weigh" => centra_stream_weigh(
                    points,
                    N,
                    D,
                    LD,
                    K,
                    options,
                    total,
                    range,
                    centers.as_ptr(),
                    K - 1,
                    shares.as_mut_ptr(),
                    none,
                    no_bytes,
                ),
                // One center of several candidates.
                "centra_stream_choose" => centra_stream_choose(
                    total,
                    D,
                    1,
                    options,
                    range,
                    centers.as_ptr(),
                    K - 1,
                    self.shares.as_ptr(),
                    rows.as_mut_ptr(),
                    none,
                    no_bytes,
                ),
                _ => panic!("{name} is not called by this test"),
            }
        };
        let mut written: Vec<u64> = [centers, distances, rows, table, totals, inertias]
            .concat()
            .into_iter()
            .map(f64::to_bits)
            .collect();
        written.extend([inertia, report.inertia, state.shift].map(f64::to_bits));
        written.extend(labels.into_iter().chain(reduced).map(|x| x as u64));
        written.extend(
            [counts, sums, masses, shares, farthest]
                .concat()
                .into_iter()
                .map(|x| x as u64),
        );
        written.extend(
            [
                drawn,
                report.iterations,
                report.workspace_bytes,
                state.iterations,
            ]
            .map(|x| x as u64),
        );
        written.extend([bytes as u64, state.done as u64, state.stopped_by as u64]);
        (status, written)
    }

    /// Another valid value of an option.
    fn change(&self, option: &str, options: &mut centra_options) {
        match option {
            "init" => options.init = (options.init + 1) % 2,
            "empty" => options.empty = CENTRA_EMPTY_KEEP,
            "layout" => options.layout = CENTRA_COLUMNS,
            "label_base" => options.label_base = 1,
            "threads" => options.threads = 4,
            "n_init" => options.n_init = 7,
            "max_iter" => options.max_iter = 1,
            "tol" => options.tol = 1e3,
            "seed" => options.seed = 12345,
            "weights" => options.weights = self.weights.as_ptr(),
            "progress" => options.progress = Some(stop),
            "algorithm" => options.algorithm = CENTRA_ALGORITHM_LLOYD,
            "parallel" => options.parallel = Some(run),
            _ => panic!("{option} has no other value here"),
        }
    }
}

unsafe extern "C" fn run(_: *mut c_void, count: usize, task: centra_task_fn, pass: *mut c_void) {
    let task = task.expect("a task");
    // SAFETY: as the header says.
    (0..count).for_each(|i| unsafe { task(pass, i) });
}

unsafe extern "C" fn stop(_: *const centra_progress, _: *mut c_void) -> i32 {
    1
}

/// Options from which one after the other is changed: whatever is used has an effect on one of them at least.
fn bases() -> Vec<centra_options> {
    let mut bases = Vec::new();
    for (init, label_base) in [
        (CENTRA_INIT_KMEANSPP, 0),
        (CENTRA_INIT_RANDOM, 0),
        (CENTRA_INIT_RANDOM, 1),
        (CENTRA_INIT_GIVEN, 0),
        (CENTRA_INIT_PARALLEL, 0),
    ] {
        let mut options = defaults();
        (options.init, options.label_base) = (init, label_base);
        options.seed = bases.len() as u64;
        bases.push(options);
    }
    // With a callback, problems are not fitted side by side.
    let threads = 4;
    bases.push(centra_options {
        threads,
        ..defaults()
    });
    bases
}

#[test]
fn the_lists_in_the_header_are_true() {
    let data = Data::new();
    let lists = lists();
    assert_eq!(lists.len(), 21);
    for (name, used) in &lists {
        for option in OPTIONS {
            let mut changes = false;
            for base in bases() {
                let mut other = base;
                data.change(option, &mut other);
                changes |= data.call(name, &base) != data.call(name, &other);
            }
            let sizes = name.ends_with("workspace_size");
            let hidden = ["threads", "parallel"].contains(&option) && !sizes;
            match used.contains(option) {
                true => assert!(changes || hidden, "{name} does not use {option}"),
                false => assert!(!changes, "{name} uses {option}"),
            }
        }
    }
}

#[test]
fn every_call_refuses_invalid_options() {
    let data = Data::new();
    for name in lists().keys() {
        for option in OPTIONS {
            let mut options = defaults();
            match option {
                "init" => options.init = 4,
                "empty" => options.empty = 3,
                "layout" => options.layout = 2,
                "label_base" => options.label_base = 2,
                "threads" => options.threads = -1,
                "n_init" => options.n_init = 0,
                "max_iter" => options.max_iter = -1,
                "tol" => options.tol = f64::NAN,
                "algorithm" => options.algorithm = 3,
                // All values are valid, or their validity is a matter of the data.
                _ => continue,
            }
            let (status, _) = data.call(name, &options);
            assert_eq!(status, CENTRA_ERR_OPTION, "{name}: {option}");
        }
    }
}
