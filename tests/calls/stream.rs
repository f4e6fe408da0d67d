//! The calls on chunks: one after the other on one chunk, each as a C program makes it.

use super::*;

pub const MASSES: usize = 69;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct State {
    pub struct_size: usize,
    pub done: i32,
    pub stopped_by: i32,
    pub iterations: i64,
    pub moved: i64,
    pub empty_clusters: i64,
    pub shift: f64,
    pub inertia: f64,
}

#[rustfmt::skip]
extern "C" {
    fn centra_stream_range_length(d: usize, length: *mut usize) -> i32;
    fn centra_stream_sums_length(total: i64, d: usize, k: usize, range: *const i32, length: *mut usize) -> i32;
    fn centra_stream_workspace_size(
        n: usize, total: i64, d: usize, k: usize, options: *const Options, bytes: *mut usize,
    ) -> i32;
    fn centra_stream_candidates(k: usize, of_round: *mut usize, of_all: *mut usize) -> i32;
    fn centra_stream_due(k: usize, round: u32, count: usize, masses: *const i64) -> i32;
    fn centra_stream_state_init(state: *mut State, struct_size: usize);
    fn centra_stream_range(
        points: *const f64, n: usize, d: usize, ld: usize, options: *const Options, range: *mut i32,
        workspace: *mut c_void, workspace_bytes: usize,
    ) -> i32;
    fn centra_stream_sums(
        points: *const f64, n: usize, d: usize, ld: usize, k: usize, options: *const Options, total: i64, range: *const i32,
        centers: *const f64, labels: *mut i32, wanted: i32, sums: *mut i64, workspace: *mut c_void, workspace_bytes: usize,
    ) -> i32;
    fn centra_stream_means(
        total: i64, d: usize, k: usize, range: *const i32, sums: *const i64, centers: *mut f64, counts: *mut i64,
    ) -> i32;
    fn centra_stream_step(
        total: i64, d: usize, k: usize, options: *const Options, range: *const i32, sums: *const i64, centers: *mut f64,
        state: *mut State,
    ) -> i32;
    fn centra_stream_farthest_length(
        total: i64, d: usize, k: usize, options: *const Options, range: *const i32, sums: *const i64, centers: *const f64,
        state: *const State, length: *mut usize,
    ) -> i32;
    fn centra_stream_farthest(
        points: *const f64, n: usize, d: usize, ld: usize, k: usize, options: *const Options, total: i64, range: *const i32,
        centers: *const f64, sums: *const i64, first: i64, farthest: *mut i64, length: usize, workspace: *mut c_void,
        workspace_bytes: usize,
    ) -> i32;
    fn centra_stream_farthest_join(d: usize, length: usize, from: *const i64, farthest: *mut i64) -> i32;
    fn centra_stream_relocate(
        total: i64, d: usize, k: usize, options: *const Options, range: *const i32, sums: *mut i64, farthest: *const i64,
        length: usize, centers: *mut f64, state: *mut State,
    ) -> i32;
    fn centra_stream_masses(
        points: *const f64, n: usize, d: usize, ld: usize, k: usize, options: *const Options, total: i64, range: *const i32,
        candidates: *const f64, count: usize, known: usize, distances: *mut f64, masses: *mut i64, workspace: *mut c_void,
        workspace_bytes: usize,
    ) -> i32;
    fn centra_stream_draw(
        points: *const f64, n: usize, d: usize, ld: usize, k: usize, options: *const Options, total: i64, range: *const i32,
        masses: *const i64, candidates: *const f64, count: usize, distances: *const f64, round: u32, first: i64,
        rows: *mut f64, drawn: *mut i64, workspace: *mut c_void, workspace_bytes: usize,
    ) -> i32;
    fn centra_stream_weigh(
        points: *const f64, n: usize, d: usize, ld: usize, k: usize, options: *const Options, total: i64, range: *const i32,
        candidates: *const f64, count: usize, weights: *mut i64, workspace: *mut c_void, workspace_bytes: usize,
    ) -> i32;
    fn centra_stream_choose(
        total: i64, d: usize, k: usize, options: *const Options, range: *const i32, candidates: *const f64, count: usize,
        weights: *const i64, centers: *mut f64, workspace: *mut c_void, workspace_bytes: usize,
    ) -> i32;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamCall {
    Range,
    Queries,
    /// In these two, distances are kept.
    Masses,
    Draw,
    /// In these, candidates are compared anew.
    MassesAnew,
    DrawAnew,
    Weigh,
    Choose,
    Sums,
    Means,
    Step,
    /// In these, a center is so far away that its cluster is empty.
    SumsOfFew,
    FarthestLength,
    Farthest,
    FarthestJoin,
    Relocate,
}

/// All points of a stream in one chunk, and what the calls leave for those that follow.
#[derive(Clone)]
pub struct Chunk {
    points: Vec<f64>,
    first: f64,
    weights: Option<Vec<f64>>,
    n: usize,
    d: usize,
    k: usize,
    total: i64,
    options: Options,
    range: Vec<i32>,
    centers: Vec<f64>,
    means: Vec<f64>,
    labels: Vec<i32>,
    sums: Vec<i64>,
    counts: Vec<i64>,
    /// For the calls on empty clusters: centers, one of which is far away, a state, and a list.
    far: Vec<f64>,
    far_state: State,
    length: usize,
    farthest: Vec<i64>,
    joined: Vec<i64>,
    state: State,
    candidates: Vec<f64>,
    count: usize,
    round: u32,
    distances: Vec<f64>,
    masses: Vec<i64>,
    drawn: i64,
    tally: Vec<i64>,
}

impl Chunk {
    pub const ORDER: [StreamCall; 18] = {
        use StreamCall::*;
        [
            Range,
            Queries,
            Masses,
            Draw,
            Masses,
            Draw,
            MassesAnew,
            DrawAnew,
            Weigh,
            Choose,
            Sums,
            Means,
            Step,
            SumsOfFew,
            FarthestLength,
            Farthest,
            FarthestJoin,
            Relocate,
        ]
    };

    pub fn new(
        points: Vec<f64>,
        weights: Option<Vec<f64>>,
        d: usize,
        k: usize,
        layout: i32,
    ) -> Self {
        let (n, most) = (points.len() / d, 5 * (3 * k + 32));
        let options = Options {
            init: 3,
            layout,
            ..options()
        };
        let mut state = State {
            struct_size: 0,
            done: 7,
            stopped_by: 0,
            iterations: 0,
            moved: 0,
            empty_clusters: 0,
            shift: 0.0,
            inertia: 0.0,
        };
        // SAFETY: a live local of that size.
        unsafe { centra_stream_state_init(&mut state, size_of::<State>()) };
        Chunk {
            first: points[0],
            points,
            weights,
            n,
            d,
            k,
            total: n as i64,
            options,
            range: vec![0; 3 * (d + 1)],
            centers: vec![0.0; k * d],
            means: vec![0.0; k * d],
            labels: vec![0; n],
            sums: Vec::new(),
            counts: vec![0; k],
            far: Vec::new(),
            far_state: state,
            length: 0,
            farthest: Vec::new(),
            joined: Vec::new(),
            state,
            candidates: vec![0.0; most * d],
            count: 0,
            round: 0,
            distances: vec![0.0; n],
            masses: vec![0; MASSES],
            drawn: 0,
            tally: vec![0; most],
        }
    }

    /// The same on so many threads.
    pub fn on(mut self, threads: i32) -> Self {
        self.options.threads = threads;
        self
    }

    fn options(&self) -> Options {
        let weights = self
            .weights
            .as_ref()
            .map_or(std::ptr::null(), |weights| weights.as_ptr());
        Options {
            weights,
            ..self.options
        }
    }

    pub fn workspace_size(&self) -> usize {
        let mut bytes = 0;
        // SAFETY: live locals.
        let status = unsafe {
            centra_stream_workspace_size(
                self.n,
                self.total,
                self.d,
                self.k,
                &self.options(),
                &mut bytes,
            )
        };
        assert_eq!(status, 0);
        bytes
    }

    fn ld(&self) -> usize {
        if self.options.layout == 0 {
            self.d
        } else {
            self.n
        }
    }

    /// One call and nothing else.
    pub fn call(&mut self, call: StreamCall, workspace: &mut [u8]) -> i32 {
        let Chunk {
            n,
            d,
            k,
            total,
            count,
            round,
            ..
        } = *self;
        let (mut options, ld) = (self.options(), self.ld());
        if call == StreamCall::Step {
            // Where there are more centers than points, some clusters are empty: they are left alone here.
            options.empty = 1;
        }
        let (points, range) = (self.points.as_ptr(), self.range.as_mut_ptr());
        let (work, bytes) = (workspace.as_mut_ptr().cast::<c_void>(), workspace.len());
        let candidates = self.candidates.as_mut_ptr();
        let anew = matches!(call, StreamCall::MassesAnew | StreamCall::DrawAnew);
        let distances = match anew {
            true => std::ptr::null_mut(),
            false => self.distances.as_mut_ptr(),
        };
        let masses = self.masses.as_mut_ptr();
        // SAFETY: all pointers are to live vectors of the lengths that the header asks for. The rows that are drawn follow the
        // candidates, which have room for those of five rounds.
        unsafe {
            match call {
                StreamCall::Range => {
                    centra_stream_range(points, n, d, ld, &options, range, work, bytes)
                }
                StreamCall::Queries => {
                    let (mut a, mut b) = (0, 0);
                    centra_stream_range_length(d, &mut a)
                        | centra_stream_sums_length(total, d, k, range, &mut a)
                        | centra_stream_workspace_size(n, total, d, k, &options, &mut a)
                        | centra_stream_candidates(k, &mut a, &mut b)
                        | (centra_stream_due(k, round, count, masses) - 1)
                }
                StreamCall::Masses | StreamCall::MassesAnew => centra_stream_masses(
                    points, n, d, ld, k, &options, total, range, candidates, count, 0, distances,
                    masses, work, bytes,
                ),
                StreamCall::Draw | StreamCall::DrawAnew => centra_stream_draw(
                    points,
                    n,
                    d,
                    ld,
                    k,
                    &options,
                    total,
                    range,
                    masses,
                    candidates,
                    count,
                    distances,
                    round,
                    0,
                    candidates.add(count * d),
                    &mut self.drawn,
                    work,
                    bytes,
                ),
                StreamCall::Weigh => centra_stream_weigh(
                    points,
                    n,
                    d,
                    ld,
                    k,
                    &options,
                    total,
                    range,
                    candidates,
                    count,
                    self.tally.as_mut_ptr(),
                    work,
                    bytes,
                ),
                StreamCall::Choose => centra_stream_choose(
                    total,
                    d,
                    k,
                    &options,
                    range,
                    candidates,
                    count,
                    self.tally.as_ptr(),
                    self.centers.as_mut_ptr(),
                    work,
                    bytes,
                ),
                StreamCall::Sums => centra_stream_sums(
                    points,
                    n,
                    d,
                    ld,
                    k,
                    &options,
                    total,
                    range,
                    self.centers.as_ptr(),
                    self.labels.as_mut_ptr(),
                    3,
                    self.sums.as_mut_ptr(),
                    work,
                    bytes,
                ),
                StreamCall::Means => centra_stream_means(
                    total,
                    d,
                    k,
                    range,
                    self.sums.as_ptr(),
                    self.means.as_mut_ptr(),
                    self.counts.as_mut_ptr(),
                ),
                StreamCall::SumsOfFew => centra_stream_sums(
                    points,
                    n,
                    d,
                    ld,
                    k,
                    &options,
                    total,
                    range,
                    self.far.as_ptr(),
                    std::ptr::null_mut(),
                    1,
                    self.sums.as_mut_ptr(),
                    work,
                    bytes,
                ),
                StreamCall::FarthestLength => centra_stream_farthest_length(
                    total,
                    d,
                    k,
                    &options,
                    range,
                    self.sums.as_ptr(),
                    self.far.as_ptr(),
                    &self.far_state,
                    &mut self.length,
                ),
                StreamCall::Farthest => centra_stream_farthest(
                    points,
                    n,
                    d,
                    ld,
                    k,
                    &options,
                    total,
                    range,
                    self.far.as_ptr(),
                    self.sums.as_ptr(),
                    0,
                    self.farthest.as_mut_ptr(),
                    self.length,
                    work,
                    bytes,
                ),
                StreamCall::FarthestJoin => centra_stream_farthest_join(
                    d,
                    self.length,
                    self.farthest.as_ptr(),
                    self.joined.as_mut_ptr(),
                ),
                StreamCall::Relocate => centra_stream_relocate(
                    total,
                    d,
                    k,
                    &options,
                    range,
                    self.sums.as_mut_ptr(),
                    self.joined.as_ptr(),
                    self.length,
                    self.far.as_mut_ptr(),
                    &mut self.far_state,
                ),
                StreamCall::Step => centra_stream_step(
                    total,
                    d,
                    k,
                    &options,
                    range,
                    self.sums.as_ptr(),
                    self.centers.as_mut_ptr(),
                    &mut self.state,
                ),
            }
        }
    }

    /// What a caller does between this call and the next.
    pub fn follow(&mut self, call: StreamCall) {
        match call {
            StreamCall::Range => {
                let mut length = 0;
                // SAFETY: live vectors and locals.
                let status = unsafe {
                    centra_stream_sums_length(
                        self.total,
                        self.d,
                        self.k,
                        self.range.as_ptr(),
                        &mut length,
                    )
                };
                assert_eq!(status, 0);
                self.sums = vec![0; length];
            }
            StreamCall::Draw | StreamCall::DrawAnew => {
                self.count += self.drawn as usize;
                self.round += 1;
                self.drawn = 0;
                self.masses.fill(0);
            }
            StreamCall::Step => {
                self.sums.fill(0);
                self.far.clone_from(&self.centers);
                // So far from all points that its cluster is empty.
                let largest = self.points.iter().fold(1e6f64, |most, x| most.max(x.abs()));
                self.far[(self.k - 1) * self.d..].fill(1e3 * largest);
            }
            StreamCall::FarthestLength => {
                assert!(self.length > 0 || self.k == 1, "no cluster is empty");
                self.farthest = vec![0; self.length];
                self.joined = vec![0; self.length];
            }
            _ => {}
        }
    }

    /// All that the calls have written, bit by bit.
    pub fn bits(&self) -> Vec<u64> {
        let integers = [
            &self.sums,
            &self.counts,
            &self.farthest,
            &self.joined,
            &self.masses,
            &self.tally,
        ]
        .into_iter()
        .flatten();
        let small = self.range.iter().chain(&self.labels);
        let reals = [
            &self.centers,
            &self.means,
            &self.far,
            &self.candidates,
            &self.distances,
        ]
        .into_iter()
        .flatten();
        let state = [self.state.shift, self.state.inertia].map(f64::to_bits);
        let reported = [self.drawn, self.state.iterations, self.state.moved].map(|x| x as u64);
        let mut all: Vec<u64> = integers.map(|&x| x as u64).collect();
        all.extend(small.map(|&x| x as u64));
        all.extend(reals.map(|x| x.to_bits()));
        all.extend(state.into_iter().chain(reported));
        all
    }

    /// How many candidates there are, and how many iterations were made: something has happened.
    pub fn came_to(&self) -> (usize, i64) {
        (self.count, self.state.iterations)
    }

    /// Makes the next call one that has to be refused with the status that this returns; a second time, it mends it.
    pub fn spoil(&mut self, call: StreamCall) -> i32 {
        match call {
            StreamCall::Queries => {
                self.total ^= 1 << 41;
                -2
            }
            StreamCall::FarthestJoin => {
                // Where no cluster is empty, there is no list to spoil.
                self.d ^= 1 << 62;
                -2
            }
            StreamCall::Means
            | StreamCall::Step
            | StreamCall::FarthestLength
            | StreamCall::Relocate => {
                self.sums[106] ^= 1;
                -2
            }
            StreamCall::Choose => {
                self.tally[0] = -1 - self.tally[0];
                -5
            }
            _ => {
                self.points[0] = if self.points[0].is_nan() {
                    self.first
                } else {
                    f64::NAN
                };
                -3
            }
        }
    }
}
