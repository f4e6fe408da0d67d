//! Empty clusters of points in chunks take the points that they take in a fit of all points (L50): the same bits for any chunks and ranks.

use centra::streams::{join_farthest, range_length, State, Wanted};
use centra::{Empty, KMeans, Layout, Points, Start, Status, StoppedBy, Workspace};

/// An engine of random numbers.
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        ((self.0 >> 33) as usize) % n
    }
}

/// Points, weights, centers to start from.
struct Case {
    d: usize,
    x: Vec<f64>,
    weights: Option<Vec<f64>>,
    start: Vec<f64>,
}

impl Case {
    /// Few different coordinates, whole or decimal, so that distances tie and many are 0; most centers are far away, some are equal.
    fn new(rng: &mut Rng, n: usize, d: usize, k: usize) -> Case {
        let (values, unit) = (
            [2, 4, 30, 1000][rng.below(4)],
            [1.0, 0.1, 0.3][rng.below(3)],
        );
        let x: Vec<f64> = (0..n * d)
            .map(|_| rng.below(values) as f64 * unit)
            .collect();
        let zeros = rng.below(2);
        let mut weights: Vec<f64> = (0..n)
            .map(|_| (rng.below(3 + zeros) as f64 - zeros as f64).max(0.0) * unit)
            .collect();
        weights[rng.below(n)] = 1.0;
        let mut start: Vec<f64> = (0..k)
            .flat_map(|_| {
                let p = rng.below(n);
                x[p * d..][..d].to_vec()
            })
            .collect();
        let near = 1 + rng.below(4);
        for center in start.chunks_mut(d) {
            if rng.below(near) == 0 {
                center[0] += 3.0 * values as f64 + rng.below(3) as f64;
            }
        }
        let weights = (rng.below(2) == 0).then_some(weights);
        Case {
            d,
            x,
            weights,
            start,
        }
    }

    fn n(&self) -> usize {
        self.x.len() / self.d
    }

    fn kmeans(&self, max_iter: u64) -> KMeans<'_> {
        let k = self.start.len() / self.d;
        let start = Start::Centers(&self.start);
        let kmeans = KMeans::new(k).start(start).max_iter(max_iter);
        match &self.weights {
            Some(weights) => kmeans.weights(weights),
            None => kmeans,
        }
    }
}

/// What a fit ends with: centers, labels, inertia, why, iterations, labels that moved, empty clusters.
type End = (Vec<u64>, Vec<i32>, u64, Option<StoppedBy>, i64, i64, i64);

fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| x.to_bits()).collect()
}

fn whole(case: &Case, kmeans: &KMeans<'_>) -> End {
    let points = Points::rows(&case.x, case.n(), case.d).expect("points");
    let fit = kmeans.fit(&points).expect("a fit");
    let report = &fit.report;
    (
        bits(&fit.centers),
        fit.labels.clone(),
        report.inertia.to_bits(),
        Some(report.stopped_by),
        report.iterations,
        report.moved,
        report.empty_clusters,
    )
}

fn in_layout(data: &[f64], n: usize, d: usize, layout: Layout) -> Points<'_> {
    match layout {
        Layout::Columns => Points::columns(data, n, d).expect("columns"),
        _ => Points::rows(data, n, d).expect("rows"),
    }
}

/// The fit in chunks of `size`, the first of which are rank 0's, and so on; returns also how often clusters took points.
fn in_chunks(
    case: &Case,
    kmeans: &KMeans<'_>,
    size: usize,
    ranks: usize,
    layout: Layout,
    compare: bool,
) -> (End, usize) {
    let (n, d) = (case.n(), case.d);
    let mut workspace = Workspace::new();
    // The first point of each chunk, how many there are, and their coordinates in the layout.
    let stored: Vec<(usize, usize, Vec<f64>)> = (0..n)
        .step_by(size)
        .map(|first| {
            let rows = &case.x[first * d..(first + size).min(n) * d];
            let count = rows.len() / d;
            let data = match layout {
                Layout::Columns => (0..d)
                    .flat_map(|i| (0..count).map(move |p| rows[p * d + i]))
                    .collect(),
                _ => rows.to_vec(),
            };
            (first, count, data)
        })
        .collect();
    let own = |chunk: &(usize, usize, Vec<f64>)| {
        let of = |weights: &Vec<f64>| weights[chunk.0..chunk.0 + chunk.1].to_vec();
        case.weights.as_ref().map(of)
    };
    let mut range = vec![0; range_length(d).expect("a length")];
    for chunk in &stored {
        let weights = own(chunk);
        let kmeans = match &weights {
            Some(weights) => kmeans.clone().weights(weights),
            None => kmeans.clone(),
        };
        kmeans
            .stream_range(
                &in_layout(&chunk.2, chunk.1, d, layout),
                &mut range,
                &mut workspace,
            )
            .expect("a range");
    }
    let stream = kmeans.stream(n, d, &range).expect("a stream");
    let (mut centers, mut state) = (case.start.clone(), State::default());
    let (mut labels, mut relocated) = (vec![0; n], 0);
    let wanted = Wanted::default().inertia(true).moved(compare);
    while !state.done() {
        let mut sums = vec![0; stream.sums_length().expect("a length")];
        for chunk in &stored {
            let (weights, labels) = (own(chunk), &mut labels[chunk.0..chunk.0 + chunk.1]);
            let stream = match &weights {
                Some(weights) => stream.weights(weights),
                None => stream.clone(),
            };
            stream
                .sums(
                    &in_layout(&chunk.2, chunk.1, d, layout),
                    &centers,
                    Some(labels),
                    wanted,
                    &mut sums,
                    &mut workspace,
                )
                .expect("sums");
        }
        let length = stream
            .farthest_length(&centers, &sums, &state)
            .expect("a length");
        let mut lists = vec![vec![0; length]; ranks];
        if length > 0 {
            let (mut same, mut unmoved) = (centers.clone(), state);
            let refused = stream.step(&mut same, &sums, &mut unmoved);
            assert_eq!(
                refused.expect_err("an empty cluster").status(),
                Status::Empty
            );
            for (c, chunk) in stored.iter().enumerate() {
                let weights = own(chunk);
                let stream = match &weights {
                    Some(weights) => stream.weights(weights),
                    None => stream.clone(),
                };
                let (list, first) = (&mut lists[c * ranks / stored.len()], chunk.0 as u64);
                // A chunk that comes twice changes nothing.
                for _ in 0..1 + c % 2 {
                    stream
                        .farthest(
                            &in_layout(&chunk.2, chunk.1, d, layout),
                            &centers,
                            &sums,
                            first,
                            list,
                            &mut workspace,
                        )
                        .expect("a list");
                }
            }
        }
        let mut farthest = lists.pop().expect("a rank");
        for list in &lists {
            join_farthest(d, list, &mut farthest).expect("a list");
        }
        relocated += usize::from(farthest.first().is_some_and(|&squared| squared > 0));
        stream
            .relocate(&mut centers, &mut sums, &farthest, &mut state)
            .expect("a step");
    }
    let end = (
        bits(&centers),
        labels,
        state.inertia.to_bits(),
        state.stopped_by,
        state.iterations,
        state.moved,
        state.empty_clusters,
    );
    (end, relocated)
}

/// Clusters that are empty at the start and in the middle of a run, several at once, more than there are points for them.
#[test]
fn chunks_and_ranks_relocate_as_a_fit_does() {
    let mut rng = Rng(5);
    let (mut relocated, mut later, mut left) = (0, 0, 0);
    for turn in 0..120 {
        let n = 1 + rng.below([12, 60, 200][turn % 3]);
        let (d, k) = (1 + rng.below(5), 1 + rng.below(n.min(40)));
        let case = Case::new(&mut rng, n, d, k);
        for max_iter in [0, 1, 3, 300] {
            let kmeans = case.kmeans(max_iter);
            let want = whole(&case, &kmeans);
            left += usize::from(want.6 > 0);
            for (size, ranks) in [(1, 1), (1, 4), (7, 2), (48, 3), (n, 1)] {
                let layout = [Layout::Rows, Layout::Columns][rng.below(2)];
                let at = format!("turn {turn}: {n}, {d}, {k}; {max_iter}, {size}, {ranks}");
                let (got, times) = in_chunks(&case, &kmeans, size, ranks, layout, true);
                assert_eq!(got, want, "{at}");
                relocated += usize::from(times > 0);
                later += usize::from(times > 1);
                // Without comparing, only iterations can be fewer.
                let (got, _) = in_chunks(&case, &kmeans, size, ranks, layout, false);
                assert!(got.4 <= want.4, "{at}: {} iterations", got.4);
                if max_iter == 300 {
                    let (a, b) = ((got.0, got.1, got.2), (&want.0, &want.1, &want.2));
                    assert!((&a.0, &a.1, &a.2) == b, "{at}: labels not compared");
                    assert_eq!((got.3, got.6), (want.3, want.6), "{at}");
                }
            }
        }
    }
    assert!(
        relocated > 500 && later > 100 && left > 50,
        "{relocated} relocated, {later} more than once, {left} left some empty"
    );
}

/// L50: lists that are joined hold what ranks first, once, whatever the order; ties of D go to the lower index.
#[test]
fn lists_join_into_what_ranks_first() {
    let mut rng = Rng(11);
    for turn in 0..2000 {
        let (d, room) = (1 + rng.below(3), rng.below(12));
        let each = d + 4;
        // D of few values, each point with one D.
        let all: Vec<Vec<i64>> = (0..rng.below(40))
            .map(|p| {
                let squared = (1.0 + rng.below(4) as f64).to_bits() as i64;
                let mut point = vec![squared, p as i64, rng.below(5) as i64];
                point.resize(each, p as i64 + 7);
                point
            })
            .collect();
        let list = |mut points: Vec<Vec<i64>>| {
            points.sort_by_key(|point| (-point[0], point[1]));
            points.dedup();
            let mut list: Vec<i64> = points.into_iter().take(room).flatten().collect();
            list.resize(room * each, 0);
            list
        };
        let mut parts: Vec<Vec<i64>> = (0..1 + rng.below(5))
            .map(|_| {
                let chosen = all.iter().filter(|_| rng.below(3) == 0);
                chosen.cloned().collect::<Vec<_>>()
            })
            .map(&list)
            .collect();
        let union = parts
            .iter()
            .flat_map(|part| part.chunks(each).filter(|point| point[0] > 0))
            .map(<[i64]>::to_vec)
            .collect();
        let want = list(union);
        while parts.len() > 1 {
            let from = parts.swap_remove(rng.below(parts.len()));
            let to = rng.below(parts.len());
            join_farthest(d, &from, &mut parts[to]).expect("lists");
        }
        assert_eq!(parts[0], want, "turn {turn}");
        let again = parts[0].clone();
        join_farthest(d, &again, &mut parts[0]).expect("lists");
        assert_eq!(parts[0], want, "turn {turn}, joined with itself");
    }
}

/// 2 m - 1 points are needed where each point that is taken is followed by the one that its cluster keeps.
#[test]
fn the_last_of_the_list_is_taken() {
    // Clusters of two points each around 100 j, whose distances fall with j; m of the centers are far away.
    let m = 9;
    let mut x = Vec::new();
    let mut start = Vec::new();
    for j in 0..2 * m {
        let (middle, radius) = (1000.0 * j as f64, (100 - j) as f64);
        x.extend([middle - radius, middle + radius]);
        start.push(middle);
    }
    start.extend((0..m).map(|j| 1e8 + j as f64));
    let case = Case {
        d: 1,
        x,
        weights: None,
        start,
    };
    let kmeans = case.kmeans(1);
    let want = whole(&case, &kmeans);
    let centers: Vec<f64> = want.0.iter().map(|&x| f64::from_bits(x)).collect();
    // The lower one of each of the first m clusters, in order.
    let taken: Vec<f64> = case.x[..2 * m].iter().copied().step_by(2).collect();
    assert_eq!(centers[2 * m..], taken);
    for size in [1, 5, case.n()] {
        assert_eq!(
            in_chunks(&case, &kmeans, size, 2, Layout::Rows, true).0,
            want
        );
    }
}

/// Lists and sums that do not fit together are refused, and nothing is written.
#[test]
fn what_is_no_list_is_refused() {
    let (x, start) = ([1.0, 2.0, 10.0, 11.0, 12.0], [1.0, 90.0, 95.0]);
    let points = Points::rows(&x, 5, 1).expect("points");
    let (kmeans, mut workspace) = (KMeans::new(3), Workspace::new());
    let mut range = vec![0; range_length(1).expect("a length")];
    kmeans
        .stream_range(&points, &mut range, &mut workspace)
        .expect("a range");
    let stream = kmeans.stream(5, 1, &range).expect("a stream");
    let mut sums = vec![0; stream.sums_length().expect("a length")];
    stream
        .sums(
            &points,
            &start,
            None,
            Wanted::default(),
            &mut sums,
            &mut workspace,
        )
        .expect("sums");
    let state = State::default();
    let length = stream
        .farthest_length(&start, &sums, &state)
        .expect("a length");
    assert_eq!(length, 3 * 5);
    let mut list = vec![0; length];
    stream
        .farthest(&points, &start, &sums, 0, &mut list, &mut workspace)
        .expect("a list");
    assert_eq!([list[1], list[6], list[11]], [4, 3, 2]);

    let real = |x: f64| x.to_bits() as i64;
    let changes: [(usize, i64, &str); 14] = [
        (0, real(-1.0), "farthest: -"),
        (0, real(f64::INFINITY), "are not a squared distance"),
        (0, real(1.0), "point 1 is not behind the one before it"),
        (
            1,
            -4,
            "-4 at point 0 are not a squared distance and an index",
        ),
        (1, 5, "point 0 has the index 5, but total = 5"),
        (2, 1, "point 0 is of cluster 1, which"),
        (2, -1, "point 0 is of cluster -1, which"),
        (2, 1 << 40, "point 0 is of cluster 1099511627776, which"),
        (3, real(2.0), "the weight of point 0 is not in the range"),
        (
            4,
            real(f64::NAN),
            "dimension 0 of point 0 is not in the range",
        ),
        (4, real(f64::INFINITY), "dimension 0 of point 0 is not in"),
        (4, real(0.5), "dimension 0 of point 0 is not in the range"),
        (4, real(-16.0), "dimension 0 of point 0 is not in the range"),
        (9, real(1e300), "dimension 0 of point 1 is not in the range"),
    ];
    for (at, value, message) in changes {
        let mut bad = list.clone();
        bad[at] = value;
        let (mut centers, mut after, mut sums_after) = (start, state, sums.clone());
        let error = stream
            .relocate(&mut centers, &mut sums_after, &bad, &mut after)
            .expect_err("no list");
        assert_eq!(error.status(), Status::Range, "{error}");
        assert!(error.detail().contains(message), "{error}, not {message}");
        assert!(centers == start && sums_after == sums && after.iterations == 0);
        if at < 2 && value != 5 {
            let mut to = list.clone();
            let joined = join_farthest(1, &bad, &mut to).expect_err("no list");
            assert!(joined.detail().starts_with("from: ") && to == list);
            assert!(join_farthest(1, &list, &mut bad).is_err());
        }
    }
    // Of another length; of another pass; of points that are not there.
    let mut centers = start;
    let error = stream
        .relocate(&mut centers, &mut sums, &list[5..], &mut State::default())
        .expect_err("too short");
    assert_eq!(error.status(), Status::Shape);
    let before = list.clone();
    for (centers, first, status) in [
        ([1.0, 11.0, 95.0], 0, Status::Range),
        (start, 1, Status::Shape),
        (start, u64::MAX, Status::Shape),
        ([1.0, f64::NAN, 95.0], 0, Status::NonFinite),
    ] {
        let error = stream
            .farthest(&points, &centers, &sums, first, &mut list, &mut workspace)
            .expect_err("not these");
        assert_eq!((error.status(), &list), (status, &before), "{error}");
    }
    assert_eq!(
        join_farthest(0, &[], &mut []).expect_err("no d").status(),
        Status::Shape
    );
    assert!(join_farthest(1, &list[1..], &mut list.clone()[1..]).is_err());
    // Where nothing is relocated there is no list.
    let keep = kmeans.empty(Empty::Keep);
    let stream = keep.stream(5, 1, &range).expect("a stream");
    let mut state = State::default();
    assert!(stream
        .relocate(&mut centers, &mut sums, &list, &mut state)
        .is_err());
    stream
        .relocate(&mut centers, &mut sums, &[], &mut state)
        .expect("a step");
    assert_eq!(centers, [7.2, 90.0, 95.0]);
}
