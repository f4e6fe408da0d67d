//! Sparse rows: every call on them is that on the same points as rows of doubles, bit for bit.

mod harness;
mod options;
mod reference;

use centra::{Algorithm, Clustering, Empty, Points, Status};
use harness::data::*;
use harness::*;
use options::{Init, Options};

/// Points of which most coordinates are 0, with empty rows, dimensions without any, and rows that come again.
fn thinned(kind: Kind, n: usize, d: usize, rng: &mut Rng) -> Vec<f64> {
    let mut x = fill(kind, n * d, rng);
    let some = 1 + rng.below(4);
    let empty = rng.below(d + 1);
    for p in 0..n {
        let row = &mut x[p * d..][..d];
        let none = rng.below(5) == 0;
        for (i, x) in row.iter_mut().enumerate() {
            if none || i == empty || rng.below(5) >= some {
                *x = 0.0;
            }
        }
        if p > 0 && rng.below(4) == 0 {
            let other = rng.below(p);
            x.copy_within(other * d..(other + 1) * d, p * d);
        }
    }
    x
}

fn case(kind: Kind, n: usize, d: usize, k: usize, rng: &mut Rng) -> Case {
    let x = thinned(kind, n, d, rng);
    let start = match rng.below(2) {
        0 => drawn(&x, d, k, rng),
        _ => fill(kind, k * d, rng),
    };
    Case::new(format!("sparse {}", kind.0), d, x, start)
}

/// Labels, distances, means, inertia and runs are the reference's, next to the sizes of vectors and panels.
#[test]
fn edge_shapes_equal_the_reference() {
    const POINTS: [usize; 8] = [1, 2, 7, 8, 9, 17, 65, 150];
    const DIMENSIONS: [usize; 9] = [1, 2, 7, 8, 9, 16, 17, 65, 130];
    const CENTERS: [usize; 11] = [1, 2, 3, 7, 8, 9, 16, 17, 31, 33, 65];
    let (mut rng, mut bad) = (Rng(61), Bad::default());
    let all = ways(&ISAS, &[1, 3], &SPARSE);
    let mut turn = 0;
    for n in POINTS {
        for d in DIMENSIONS {
            for _ in 0..4 {
                let k = CENTERS[rng.below(CENTERS.len())].min(n);
                let kind = KINDS[turn % KINDS.len()];
                let plain = case(kind, n, d, k, &mut rng);
                let plan = [RELOCATE, KEEP][turn % 2].at_most(4);
                let some: Vec<Way> = all.iter().copied().filter(|_| rng.below(4) == 0).collect();
                plain.check(plan, &some, &mut bad);
                plain.check_distances(&some, &mut bad);
                let any: Vec<i32> = (0..n).map(|_| rng.below(k) as i32).collect();
                plain.check_clusters(&any, &some, &mut bad);
                let of = WEIGHTS[rng.below(WEIGHTS.len())];
                let weighted = plain.weighted(of.0, weigh(of, n, &mut rng));
                weighted.check(plan, &some, &mut bad);
                turn += 1;
            }
        }
    }
    assert!(bad.checked > 1000, "{}", bad.checked);
}

/// What a fit gives, but for seconds and what it cost.
fn results(clustering: &Clustering) -> (Vec<u64>, &[i32], u64, [i64; 3], String) {
    let report = &clustering.report;
    (
        clustering.centers.iter().map(|x| x.to_bits()).collect(),
        &clustering.labels,
        report.inertia.to_bits(),
        [report.iterations, report.moved, report.empty_clusters],
        format!("{:?}", report.stopped_by),
    )
}

/// Fits from every start, with every algorithm, with and without weights, are those of the same numbers in dense rows.
#[test]
fn fits_equal_those_of_dense_rows() {
    const SHAPES: [(usize, usize, usize); 9] = [
        (6000, 1, 9),
        (500, 1, 200),
        (3000, 3, 64),
        (1500, 8, 5),
        (1100, 9, 12),
        (700, 33, 20),
        (400, 129, 33),
        (200, 784, 10),
        (130, 2050, 4),
    ];
    let mut rng = Rng(62);
    for (turn, (n, d, k)) in SHAPES.into_iter().cycle().take(54).enumerate() {
        let kind = [BELL, GRID, UNIFORM, KINDS[turn % KINDS.len()]][turn % 4];
        let x = thinned(kind, n, d, &mut rng);
        let weights = weigh(WEIGHTS[turn % WEIGHTS.len()], n, &mut rng);
        let weights = (turn % 3 == 0 && weights.iter().any(|&w| w > 0.0)).then_some(weights);
        let of = |isa, threads, algorithm| Options {
            isa,
            threads,
            algorithm,
            init: [Init::KmeansPlusPlus, Init::Random, Init::Parallel][turn % 3],
            empty: [Empty::Relocate, Empty::Keep][turn % 2],
            weights: weights.as_deref(),
            n_init: 1 + (turn % 5 / 3) as u32,
            max_iter: 12,
            seed: turn as u64,
            ..Options::default()
        };
        let dense = Stored::new(&x, d, 0);
        let plain = of(ISAS[0], 1, Algorithm::Lloyd);
        let wanted = options::fit(&dense.points(), k, &plain);
        let start = options::seed(&dense.points(), k, &plain);
        for way in ways(&ISAS, &[1, 3], &SPARSE) {
            let stored = Stored::new(&x, d, way.copy);
            if rng.below(4) > 0 || !is_copy(&stored, way.copy) {
                continue;
            }
            let algorithm = [Algorithm::Auto, Algorithm::Hamerly, Algorithm::Lloyd][rng.below(3)];
            let options = of(way.isa, way.threads, algorithm);
            let what = format!(
                "{turn}: {} {n}x{d} k={k} {algorithm:?} along {way:?}",
                kind.0
            );
            let got = options::fit(&stored.points(), k, &options);
            match (&got, &wanted) {
                (Ok(got), Ok(wanted)) => assert!(results(got) == results(wanted), "{what}"),
                (got, wanted) => assert_eq!(
                    got.as_ref().err().map(ToString::to_string),
                    wanted.as_ref().err().map(ToString::to_string),
                    "{what}"
                ),
            }
            let drawn = options::seed(&stored.points(), k, &options);
            if let (Ok(drawn), Ok(start)) = (&drawn, &start) {
                same("start", drawn, start).expect(&what);
            }
        }
    }
}

/// Rows that are wrong are refused, by row and entry.
#[test]
fn wrong_rows_are_refused() {
    let refused = |columns: &[i64], starts: &[i64], what: &str| {
        let values = [1.0; 4];
        let error = Points::csr(&values, columns, starts, 2, 3).expect_err("refused");
        assert_eq!((error.status(), error.detail()), (Status::Shape, what));
        let narrow = |all: &[i64]| all.iter().map(|&i| i as i32).collect::<Vec<_>>();
        let error =
            Points::csr(&values, &narrow(columns), &narrow(starts), 2, 3).expect_err("refused");
        assert_eq!((error.status(), error.detail()), (Status::Shape, what));
    };
    refused(&[0], &[0, 1], "starts: 2 elements for n + 1 = 3");
    refused(&[0, 1, 2], &[1, 2, 3], "starts: 1 at index 0 is not 0");
    refused(
        &[0, 1, 2],
        &[0, 3, 2],
        "starts: 2 at index 2 follows 3: they must not descend",
    );
    refused(
        &[0, 1, 2],
        &[0, -1, 2],
        "starts: -1 at index 1 follows 0: they must not descend",
    );
    refused(
        &[0, 1, 2],
        &[0, 2, 5],
        "values: 4 elements, and starts end with 5",
    );
    refused(
        &[0, 1, 2],
        &[0, 1, 5],
        "starts: 5 at index 2 follows 1: a row has at most d = 3 coordinates",
    );
    refused(
        &[0, 1, 2],
        &[0, 1, 4],
        "columns: 3 elements, and starts end with 4",
    );
    refused(
        &[0, 1, 3],
        &[0, 1, 3],
        "columns: 3 at row 1, entry 1 is not one of 0 to 2",
    );
    refused(
        &[-1, 1, 2],
        &[0, 1, 3],
        "columns: -1 at row 0, entry 0 is not one of 0 to 2",
    );
    refused(
        &[0, 1, 1],
        &[0, 1, 3],
        "columns: 1 at row 1, entry 1 follows 1: they must ascend, each once",
    );
    let layout = centra::Layout::Csr;
    let error = Points::with_leading_dimension(&[0.0; 4], 2, 2, 2, layout).expect_err("refused");
    assert_eq!(error.status(), Status::Option);
}

/// What is not finite, or too large, is refused with the words that dense rows are refused with.
#[test]
fn refusals_name_the_same_place() {
    let (n, d, k) = (60, 30, 4);
    for bad in [f64::NAN, f64::INFINITY, -1e200, 1e300] {
        let mut case = case(BELL, n, d, k, &mut Rng(63));
        case.x[41 * d + 12] = bad;
        let labels = vec![0; n];
        let details = |copy: usize| {
            let stored = Stored::new(&case.x, d, copy);
            let (points, options) = (stored.points(), Options::default());
            let mut centers = case.start.clone();
            let errors = [
                options::fit(&points, k, &options).err(),
                options::assign(&points, &case.start, &options).err(),
                options::update(&points, &labels, &mut centers, &options).err(),
                options::seed(&points, k, &options).err(),
                options::inertia(&points, &case.start, &labels, &options).err(),
            ];
            errors.map(|error| error.expect("refused").to_string())
        };
        let wanted = details(0);
        assert!(
            wanted[0].contains("at row 41, dimension 12"),
            "{}",
            wanted[0]
        );
        assert_eq!((details(12), details(13)), (wanted.clone(), wanted));
    }
}

/// Points that are all equal, and points that differ so little that D underflows, end as dense ones do.
#[test]
fn no_spread_is_no_spread() {
    let tiny = f64::from_bits(1);
    for (value, other) in [(0.0, 0.0), (1.5, 1.5), (0.0, tiny), (tiny, 0.0)] {
        let (n, d) = (40, 9);
        let mut x = vec![0.0; n * d];
        x.iter_mut().skip(4).step_by(d).for_each(|x| *x = value);
        x[30 * d + 4] = other;
        let fit = |copy| {
            let stored = Stored::new(&x, d, copy);
            let result = options::fit(&stored.points(), 3, &Options::default());
            result
                .map(|fit| format!("{:?}", results(&fit)))
                .map_err(|e| e.to_string())
        };
        assert_eq!(fit(12), fit(0), "{value} {other}");
    }
}

/// Ten thousand rows of a million dimensions, which as doubles would take 80 gigabytes, are labelled, and their means found, in little more
/// memory than the centers take.
#[test]
fn memory_is_that_of_rows_and_centers() {
    let (n, d, k) = (10_000, 1_000_000, 2);
    let mut rng = Rng(64);
    let (mut values, mut columns, mut starts) = (Vec::new(), Vec::new(), vec![0]);
    for p in 0..n {
        let group = p % k;
        let mut row: Vec<i32> = (0..6)
            .map(|_| (rng.below(d / 2) * 2 + group) as i32)
            .collect();
        row.push(group as i32);
        row.sort();
        row.dedup();
        for i in row {
            values.push(if i == group as i32 { 9.0f32 } else { 1.0 });
            columns.push(i);
        }
        starts.push(columns.len() as i32);
    }
    let points = Points::csr(&values, &columns, &starts, n, d).expect("rows");
    let options = Options::default();
    let bytes = options::workspace_size(1, d, k, &options).expect("a size");
    println!("{} MB for a row", bytes >> 20);
    let mut centers = vec![0.0; k * d];
    (centers[0], centers[d + 1]) = (1.0, 1.0);
    let labels = options::assign(&points, &centers, &options).expect("labels");
    let wanted: Vec<i32> = (0..n).map(|p| (p % k) as i32).collect();
    assert_eq!(labels, wanted);
    options::update(&points, &wanted, &mut centers, &options).expect("means");
    assert_eq!((centers[0], centers[d + 1]), (9.0, 9.0));
}

/// The C calls.
mod in_c {
    use super::*;
    use centra::capi::*;
    use std::ffi::{c_void, CStr};
    use std::ptr::{null, null_mut};

    const N: usize = 90;
    const D: usize = 40;
    const K: usize = 6;

    fn options() -> centra_options {
        let mut options = std::mem::MaybeUninit::<centra_options>::uninit();
        // SAFETY: so many writable bytes; all members are written.
        unsafe {
            centra_options_init_sized(options.as_mut_ptr(), size_of::<centra_options>());
            options.assume_init()
        }
    }

    /// All that the calls write.
    #[derive(Clone, Debug, PartialEq)]
    struct Outputs {
        centers: Vec<f64>,
        labels: Vec<i32>,
        counts: Vec<i64>,
        squared: Vec<f64>,
        inertia: f64,
    }

    impl Outputs {
        fn new(start: &[f64]) -> Outputs {
            Outputs {
                centers: start.to_vec(),
                labels: (0..N).map(|p| (p % K) as i32).collect(),
                counts: vec![-7; K],
                squared: vec![-7.0; N * K],
                inertia: -7.0,
            }
        }
    }

    const CALLS: [&str; 7] = [
        "fit",
        "assign",
        "update",
        "seed",
        "inertia",
        "distances",
        "clusters",
    ];

    /// A call on sparse rows.
    fn sparse(
        call: &str,
        points: *const centra_csr,
        options: &centra_options,
        out: &mut Outputs,
    ) -> i32 {
        let (centers, labels) = (out.centers.as_mut_ptr(), out.labels.as_mut_ptr());
        let (counts, squared) = (out.counts.as_mut_ptr(), out.squared.as_mut_ptr());
        let (inertia, none) = (&raw mut out.inertia, null_mut::<c_void>());
        // SAFETY: live arrays of the lengths that the header asks for.
        unsafe {
            match call {
                "fit" => centra_fit_csr(points, K, options, centers, labels, null_mut(), none, 0),
                "assign" => {
                    centra_assign_csr(points, K, options, centers, labels, squared, none, 0)
                }
                "update" => centra_update_csr(points, K, options, labels, centers, counts, none, 0),
                "seed" => centra_seed_csr(points, K, options, centers, none, 0),
                "inertia" => centra_inertia_csr(points, K, options, centers, labels, inertia),
                "distances" => centra_distances_csr(points, K, options, centers, squared, K),
                _ => centra_clusters_csr(
                    points,
                    K,
                    options,
                    centers,
                    labels,
                    counts,
                    squared,
                    squared.add(K),
                ),
            }
        }
    }

    /// The same on doubles.
    fn dense(call: &str, x: &[f64], o: &centra_options, out: &mut Outputs) -> i32 {
        let (x, n, d, k) = (x.as_ptr(), N, D, K);
        let (centers, labels) = (out.centers.as_mut_ptr(), out.labels.as_mut_ptr());
        let (counts, squared) = (out.counts.as_mut_ptr(), out.squared.as_mut_ptr());
        let (inertia, none) = (&raw mut out.inertia, null_mut::<c_void>());
        // SAFETY: live arrays of the lengths that the header asks for.
        unsafe {
            match call {
                "fit" => centra_fit(x, n, d, d, k, o, centers, labels, null_mut(), none, 0),
                "assign" => centra_assign(x, n, d, d, k, o, centers, labels, squared, none, 0),
                "update" => centra_update(x, n, d, d, k, o, labels, centers, counts, none, 0),
                "seed" => centra_seed(x, n, d, d, k, o, centers, none, 0),
                "inertia" => centra_inertia(x, n, d, d, k, o, centers, labels, inertia),
                "distances" => centra_distances(x, n, d, d, k, o, centers, squared, k),
                _ => centra_clusters(
                    x,
                    n,
                    d,
                    d,
                    k,
                    o,
                    centers,
                    labels,
                    counts,
                    squared,
                    squared.add(K),
                ),
            }
        }
    }

    /// Sparse rows of all types of values and indices.
    struct Rows {
        columns: [Vec<i64>; 2],
        narrow: [Vec<i32>; 2],
        values: (Vec<f64>, Vec<f32>, Vec<u8>),
    }

    impl Rows {
        fn of(x: &[f64]) -> Rows {
            let (mut values, mut columns, mut starts) = (Vec::new(), Vec::new(), vec![0]);
            for row in x.chunks(D) {
                for (i, &x) in row.iter().enumerate().filter(|(_, &x)| x != 0.0) {
                    values.push(x);
                    columns.push(i as i64);
                }
                starts.push(values.len() as i64);
            }
            let columns = [columns, starts];
            let narrow = columns
                .each_ref()
                .map(|all| all.iter().map(|&i| i as i32).collect());
            let floats = values.iter().map(|&x| x as f32).collect();
            let bytes = values.iter().map(|&x| x as u8).collect();
            Rows {
                columns,
                narrow,
                values: (values, floats, bytes),
            }
        }

        fn csr(&self, value_type: i32, index_bytes: i32) -> centra_csr {
            let [columns, starts] = match index_bytes {
                4 => self.narrow.each_ref().map(|all| all.as_ptr().cast()),
                _ => self.columns.each_ref().map(|all| all.as_ptr().cast()),
            };
            centra_csr {
                struct_size: size_of::<centra_csr>(),
                n: N,
                d: D,
                values: match value_type {
                    CENTRA_F64 => self.values.0.as_ptr().cast(),
                    CENTRA_F32 => self.values.1.as_ptr().cast(),
                    _ => self.values.2.as_ptr().cast(),
                },
                columns,
                starts,
                value_type,
                index_bytes,
            }
        }
    }

    fn data() -> (Vec<f64>, Vec<f64>) {
        let mut rng = Rng(65);
        let x = thinned(KINDS[3], N, D, &mut rng);
        let start = distinct(&x, D, K, &mut rng);
        (x, start)
    }

    #[test]
    fn calls_are_those_on_doubles() {
        let (x, start) = data();
        let rows = Rows::of(&x);
        for (value_type, index_bytes) in [(0, 4), (0, 8), (1, 4), (1, 8), (2, 4), (2, 8)] {
            let csr = rows.csr(value_type, index_bytes);
            for call in CALLS {
                let (mut got, mut wanted) = (Outputs::new(&start), Outputs::new(&start));
                assert_eq!(
                    sparse(call, &csr, &options(), &mut got),
                    CENTRA_OK,
                    "{call}"
                );
                assert_eq!(
                    dense(call, &x, &options(), &mut wanted),
                    CENTRA_OK,
                    "{call}"
                );
                assert_eq!(got, wanted, "{call}, {value_type}, {index_bytes}");
            }
        }
        let mut bytes = 0;
        // SAFETY: live memory.
        unsafe {
            assert_eq!(
                centra_workspace_size_csr(N, D, K, &options(), &mut bytes),
                CENTRA_OK
            );
            let mut workspace = vec![0u128; bytes.div_ceil(16)];
            let (mut got, mut wanted) = (Outputs::new(&start), Outputs::new(&start));
            let (memory, csr) = (workspace.as_mut_ptr().cast(), rows.csr(0, 4));
            let (centers, labels) = (got.centers.as_mut_ptr(), got.labels.as_mut_ptr());
            let status =
                centra_fit_csr(&csr, K, null(), centers, labels, null_mut(), memory, bytes);
            assert_eq!(status, CENTRA_OK);
            dense("fit", &x, &options(), &mut wanted);
            assert_eq!(got, wanted);
        }
    }

    #[test]
    fn no_points_are_labelled() {
        let csr = centra_csr {
            struct_size: size_of::<centra_csr>(),
            n: 0,
            d: D,
            values: null(),
            columns: null(),
            starts: null(),
            value_type: CENTRA_F64,
            index_bytes: 8,
        };
        let (_, start) = data();
        for call in ["assign", "update", "inertia", "distances", "clusters"] {
            assert_eq!(
                sparse(call, &csr, &options(), &mut Outputs::new(&start)),
                CENTRA_OK,
                "{call}"
            );
        }
    }

    /// Every refusal, whatever the call, with the words for it; nothing is written.
    #[test]
    fn faults_are_refused() {
        let (x, start) = data();
        let rows = Rows::of(&x);
        let good = rows.csr(CENTRA_F64, 4);
        let (mut descending, mut beyond, mut nan) = (
            rows.narrow[1].clone(),
            rows.narrow[0].clone(),
            rows.values.0.clone(),
        );
        descending[N / 2] = 0;
        // The first entry of the first row from row 7 on that has one.
        let row = (7..)
            .find(|&p| rows.narrow[1][p] < rows.narrow[1][p + 1])
            .expect("a row");
        let named = format!("columns: 40 at row {row}, entry 0 is not");
        let not_finite = format!("points: NaN at row {row}, dimension");
        beyond[rows.narrow[1][row] as usize] = D as i32;
        nan[rows.narrow[1][row] as usize] = f64::NAN;
        let mut odd = good.values.cast::<u8>();
        odd = odd.wrapping_add(1);
        let faults = [
            (
                CENTRA_ERR_OPTION,
                "points: struct_size is 3, and",
                centra_csr {
                    struct_size: 3,
                    ..good
                },
            ),
            (
                CENTRA_ERR_OPTION,
                "points: value_type: 3 is not",
                centra_csr {
                    value_type: 3,
                    ..good
                },
            ),
            (
                CENTRA_ERR_OPTION,
                "points: index_bytes: 2 is neither",
                centra_csr {
                    index_bytes: 2,
                    ..good
                },
            ),
            (CENTRA_ERR_SHAPE, "", centra_csr { d: 0, ..good }),
            (
                CENTRA_ERR_NULL,
                "starts: null",
                centra_csr {
                    starts: null(),
                    ..good
                },
            ),
            (
                CENTRA_ERR_NULL,
                "values: null",
                centra_csr {
                    values: null(),
                    ..good
                },
            ),
            (
                CENTRA_ERR_NULL,
                "columns: null",
                centra_csr {
                    columns: null(),
                    ..good
                },
            ),
            (
                CENTRA_ERR_NULL,
                "values: not aligned to 8 bytes",
                centra_csr {
                    values: odd.cast(),
                    ..good
                },
            ),
            (
                CENTRA_ERR_SHAPE,
                "starts: 0 at index 45 follows",
                centra_csr {
                    starts: descending.as_ptr().cast(),
                    ..good
                },
            ),
            (
                CENTRA_ERR_SHAPE,
                &named,
                centra_csr {
                    columns: beyond.as_ptr().cast(),
                    ..good
                },
            ),
            (
                CENTRA_ERR_NONFINITE,
                &not_finite,
                centra_csr {
                    values: nan.as_ptr().cast(),
                    ..good
                },
            ),
        ];
        for (status, words, csr) in &faults {
            for call in CALLS {
                let mut out = Outputs::new(&start);
                assert_eq!(
                    sparse(call, csr, &options(), &mut out),
                    *status,
                    "{call}, {words}"
                );
                // SAFETY: static text, or this thread's.
                let detail = unsafe { CStr::from_ptr(centra_error_detail()) }.to_string_lossy();
                assert!(detail.starts_with(words), "{call}: {detail}, not {words}");
                assert_eq!(out, Outputs::new(&start), "{call}, {words}");
            }
        }
        let mut out = Outputs::new(&start);
        assert_eq!(sparse("fit", null(), &options(), &mut out), CENTRA_ERR_NULL);
        let overlapping = centra_csr {
            values: out.centers.as_ptr().cast(),
            ..good
        };
        assert_eq!(
            sparse("fit", &overlapping, &options(), &mut out),
            CENTRA_ERR_ALIAS
        );
        assert_eq!(out, Outputs::new(&start));
    }
}
