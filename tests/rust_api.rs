//! The Rust API: with a workspace and one thread no call allocates, a refusal leaves every output as it was, and the forms of a
//! call give the same bits.

mod options;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::ControlFlow;

use centra::streams::{self, Drawn, State, Wanted, MASSES};
use centra::{Algorithm, Empty, KMeans, Points, Start, Status, Workspace};

thread_local! {
    /// What this thread has allocated so far.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: the system's allocator, with a counter that allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(start, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// What `work` gives, which must allocate nothing.
fn silent<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let before = ALLOCATIONS.get();
    let result = work();
    assert_eq!(ALLOCATIONS.get(), before, "{what} allocates");
    result
}

/// Numbers in [0, 1) with all bits in use.
fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..count).map(|_| next()).collect()
}

const N: usize = 300;

/// Settings of every kind, and the starting centers where they are given.
fn settings<'a>(k: usize, given: &'a [f64], weights: &'a [f64]) -> Vec<KMeans<'a>> {
    let mut all = Vec::new();
    for start in [
        Start::PlusPlus,
        Start::Parallel,
        Start::Random,
        Start::Centers(given),
    ] {
        let kmeans = KMeans::new(k).start(start).seed(5).max_iter(20);
        all.push(kmeans.clone().weights(weights));
        all.push(kmeans.clone().restarts(3).algorithm(Algorithm::Hamerly));
        all.push(
            kmeans
                .algorithm(Algorithm::Lloyd)
                .empty(Empty::Keep)
                .tol(1e-3),
        );
    }
    all
}

#[test]
fn calls_with_a_workspace_allocate_nothing_and_give_the_same() {
    for (d, k) in [(1, 3), (2, 9), (8, 4), (40, 5)] {
        let (data, weights) = (numbers(N * d, 1), numbers(N, 2));
        let points = Points::rows(&data, N, d).unwrap();
        let given = &data[..k * d];
        for kmeans in settings(k, given, &weights) {
            let bytes = kmeans.workspace_size(N, d).unwrap();
            let mut workspace = Workspace::with_bytes(bytes).unwrap();
            let (mut centers, mut labels) = (vec![0.0; k * d], vec![0; N]);
            let (mut counts, mut sqdist) = (vec![0; k], vec![0.0; N]);
            for _ in 0..2 {
                let report = silent("fit", || {
                    kmeans.fit_into(&points, &mut centers, Some(&mut labels), &mut workspace)
                });
                let (report, owned) = (report.unwrap(), kmeans.fit(&points).unwrap());
                assert_eq!((&centers, &labels), (&owned.centers, &owned.labels));
                assert_eq!(report.inertia, owned.report.inertia);
            }
            let mut seen = 0;
            let mut watched = kmeans.clone().progress(|_| {
                seen += 1;
                ControlFlow::Continue(())
            });
            let report = silent("a fit that is watched", || {
                watched.fit_into(&points, &mut centers, None, &mut workspace)
            });
            assert!(seen >= report.unwrap().iterations && seen > 0);

            let assigned = silent("assign", || {
                let sqdist = Some(&mut sqdist[..]);
                kmeans.assign_into(&points, &centers, &mut labels, sqdist, &mut workspace)
            });
            assigned.unwrap();
            assert_eq!(labels, kmeans.assign(&points, &centers).unwrap());
            let inertia = silent("inertia", || kmeans.inertia(&points, &centers, &labels));
            assert!(inertia.unwrap() > 0.0);
            let mut means = centers.clone();
            let updated = silent("update", || {
                let counts = Some(&mut counts[..]);
                kmeans.update_into(&points, &mut centers, &labels, counts, &mut workspace)
            });
            updated.unwrap();
            assert_eq!(kmeans.update(&points, &mut means, &labels).unwrap(), counts);
            assert_eq!(means, centers);
            let seeded = silent("seed_centers", || {
                kmeans.seed_centers_into(&points, &mut centers, &mut workspace)
            });
            match kmeans.seed_centers(&points) {
                Ok(drawn) => assert_eq!((seeded.unwrap(), drawn), ((), centers)),
                Err(refused) => assert_eq!(refused.status(), Status::Option),
            }
            assert_eq!(workspace.bytes(), bytes, "the workspace grew");
        }
    }
}

#[test]
fn streams_with_a_workspace_allocate_nothing_and_give_the_fit() {
    let (d, k) = (3, 4);
    let data = numbers(N * d, 3);
    let points = Points::rows(&data, N, d).unwrap();
    let chunks: Vec<Points> = data
        .chunks(100 * d)
        .map(|chunk| Points::rows(chunk, 100, d).unwrap())
        .collect();
    let kmeans = KMeans::new(k).start(Start::Parallel).empty(Empty::Keep);
    let bytes = kmeans.stream_workspace_size(100, N, d).unwrap();
    let mut workspace = Workspace::with_bytes(bytes).unwrap();
    let mut range = vec![0; streams::range_length(d).unwrap()];
    for chunk in &chunks {
        let widened = silent("stream_range", || {
            kmeans.stream_range(chunk, &mut range, &mut workspace)
        });
        widened.unwrap();
    }
    let stream = kmeans.stream(N, d, &range).unwrap();

    let (mut candidates, mut masses) = (Vec::new(), vec![0; MASSES]);
    let most = stream.candidates_per_round();
    for round in 0.. {
        if !stream.due(round, candidates.len() / d, &masses) {
            break;
        }
        masses.fill(0);
        let (mut rows, mut count) = (vec![0.0; most * d], 0);
        for chunk in &chunks {
            let added = silent("masses", || {
                stream.masses(chunk, &candidates, None, &mut masses, &mut workspace)
            });
            added.unwrap();
        }
        for (c, chunk) in chunks.iter().enumerate() {
            let first = 100 * c as u64;
            let drawn = silent("draw", || {
                let (rows, count) = (&mut rows[..], &mut count);
                let drawn = Drawn {
                    round,
                    first,
                    rows,
                    count,
                };
                stream.draw(chunk, &candidates, None, &masses, drawn, &mut workspace)
            });
            drawn.unwrap();
        }
        if count as usize <= most {
            candidates.extend(&rows[..count as usize * d]);
        }
    }
    assert!(candidates.len() <= stream.most_candidates() * d);
    let count = candidates.len() / d;
    let mut weights = vec![0; stream.weights_length(count).unwrap()];
    for chunk in &chunks {
        let weighed = silent("weigh", || {
            stream.weigh(chunk, &candidates, &mut weights, &mut workspace)
        });
        weighed.unwrap();
    }
    let mut centers = vec![0.0; k * d];
    let chosen = silent("choose", || {
        stream.choose(&candidates, &mut centers, &weights, &mut workspace)
    });
    chosen.unwrap();
    assert_eq!(centers, kmeans.seed_centers(&points).unwrap());

    let (mut state, mut labels) = (State::default(), vec![0; N]);
    let wanted = Wanted::default().inertia(true).moved(true);
    while !state.done() {
        let mut sums = vec![0; stream.sums_length().unwrap()];
        for (chunk, labels) in chunks.iter().zip(labels.chunks_mut(100)) {
            let summed = silent("sums", || {
                stream.sums(
                    chunk,
                    &centers,
                    Some(labels),
                    wanted,
                    &mut sums,
                    &mut workspace,
                )
            });
            summed.unwrap();
        }
        silent("step", || stream.step(&mut centers, &sums, &mut state)).unwrap();
    }
    let fit = kmeans.fit(&points).unwrap();
    assert_eq!((centers, labels), (fit.centers, fit.labels));
    assert_eq!(state.inertia, fit.report.inertia);
    assert_eq!(state.iterations, fit.report.iterations);
    assert_eq!(workspace.bytes(), bytes, "the workspace grew");
}

#[test]
fn a_workspace_grows_and_what_is_borrowed_does_not() {
    let data = numbers(N * 2, 4);
    let points = Points::rows(&data, N, 2).unwrap();
    let kmeans = KMeans::new(5);
    let (mut centers, mut own) = ([-7.0; 10], Workspace::new());
    let few = Points::rows(&data, 10, 2).unwrap();
    kmeans.fit_into(&few, &mut centers, None, &mut own).unwrap();
    let before = own.bytes();
    kmeans
        .fit_into(&points, &mut centers, None, &mut own)
        .unwrap();
    assert!(own.bytes() > before);
    let want = centers;
    kmeans.fit_into(&few, &mut centers, None, &mut own).unwrap();
    kmeans
        .fit_into(&points, &mut centers, None, &mut own)
        .unwrap();
    assert_eq!(centers, want);

    let mut memory = vec![0xa5u8; kmeans.workspace_size(N, 2).unwrap() + 16];
    let start = memory.as_ptr().align_offset(16);
    let end = memory.len();
    centers.fill(-7.0);
    for bytes in [start..start + 64, start + 8..end] {
        let mut borrowed = Workspace::borrowed(&mut memory[bytes]);
        let refused = kmeans.fit_into(&points, &mut centers, None, &mut borrowed);
        assert_eq!(refused.unwrap_err().status(), Status::Workspace);
        assert_eq!(centers, [-7.0; 10]);
    }
    let mut borrowed = Workspace::borrowed(&mut memory[start..]);
    kmeans
        .fit_into(&points, &mut centers, None, &mut borrowed)
        .unwrap();
    assert_eq!(centers, want);
}

/// Given centers are read where they are, and those that are to be written are not touched by a refusal.
#[test]
fn refusals_name_the_setting_and_leave_the_outputs() {
    let points = Points::rows(&[0.0, 1.0, 2.0], 3, 1).unwrap();
    let given = KMeans::new(2).start(Start::Centers(&[1.0, 100.0]));
    let refusals = [
        (
            given.clone().empty(Empty::Error),
            Status::Empty,
            "cluster 1",
        ),
        (given.clone().restarts(0), Status::Option, "restarts: 0"),
        (given.clone().tol(-1.0), Status::Option, "tol: -1"),
        (given.clone().weights(&[1.0]), Status::Shape, "weights"),
        (KMeans::new(4), Status::Shape, "k = 4"),
        (
            KMeans::new(2).start(Start::Centers(&[1.0])),
            Status::Shape,
            "start: 1 elements for k d = 2",
        ),
        (
            KMeans::new(2).start(Start::Centers(&[1.0, f64::NAN])),
            Status::NonFinite,
            "NaN",
        ),
    ];
    for (kmeans, status, words) in refusals {
        let (mut centers, mut labels, mut workspace) = ([-7.0; 2], [-7; 3], Workspace::new());
        let refused = kmeans.fit_into(&points, &mut centers, Some(&mut labels), &mut workspace);
        let refused = refused.unwrap_err();
        assert_eq!(refused.status(), status, "{refused}");
        assert!(refused.detail().contains(words), "{refused}");
        assert_eq!((centers, labels), ([-7.0; 2], [-7; 3]));
        assert_eq!(kmeans.fit(&points).unwrap_err().status(), status);
    }
    let refused = given.seed_centers(&points).unwrap_err();
    assert_eq!(refused.status(), Status::Option);
    assert!(refused.detail().contains("start"), "{refused}");
    let refused = given.assign(&points, &[1.0]).unwrap_err();
    assert_eq!(refused.detail(), "centers: 1 elements for k d = 2");
}

/// Settings can be shared among threads, and a workspace can move to one.
#[test]
fn settings_are_shared() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<KMeans>();
    shared::<Points>();
    shared::<streams::Stream>();
    sent::<Workspace>();
}

/// The options of other tests, where they say nothing else, are the builder's settings.
#[test]
fn options_of_tests_have_the_defaults() {
    let defaults = options::Options::default().kmeans(3, &[]);
    assert_eq!(format!("{defaults:?}"), format!("{:?}", KMeans::new(3)));
}
