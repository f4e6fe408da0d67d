//! Points that are not in one place: chunks of a file, ranks of a cluster, partitions of a data frame.
//!
//! What one iteration takes from the points are maxima and sums of integers, so any engine's plain reductions join what
//! different chunks gave, in any order and any grouping, and the result is that of [`KMeans::fit`] on all points in one
//! array, bit for bit:
//!
//! ```text
//! range := 0;  of every chunk:  stream_range(chunk)                 reduced by element-wise MAX
//! repeat
//!     sums := 0;  of every chunk:  sums(chunk, centers)             reduced by element-wise SUM
//!     step(centers, sums)                                           the same everywhere
//! until it says so
//! ```
//!
//! A file of 6 numbers, read 3 at a time:
//!
//! ```
//! use centra::streams::{self, State, Wanted};
//! use centra::{KMeans, Points, Workspace};
//!
//! let chunks = [[1.0, 2.0, 3.0], [10.0, 11.0, 12.0]];
//! let (kmeans, mut workspace) = (KMeans::new(2), Workspace::new());
//! let mut range = vec![0; streams::range_length(1)?];
//! for chunk in &chunks {
//!     kmeans.stream_range(&Points::rows(chunk, 3, 1)?, &mut range, &mut workspace)?;
//! }
//! let stream = kmeans.stream(6, 1, &range)?;
//! let (mut centers, mut state) = ([1.0, 2.0], State::default());
//! let wanted = Wanted::default().inertia(true);
//! while !state.done() {
//!     let mut sums = vec![0; stream.sums_length()?];
//!     for chunk in &chunks {
//!         let points = Points::rows(chunk, 3, 1)?;
//!         stream.sums(&points, &centers, None, wanted, &mut sums, &mut workspace)?;
//!     }
//!     stream.step(&mut centers, &sums, &mut state)?;
//! }
//! assert_eq!((centers, state.inertia), ([2.0, 11.0], 4.0));
//! # Ok::<(), centra::Error>(())
//! ```
//!
//! *The range* is 3 (d + 1) `i32`s, three for each dimension and three for the weights; what was not seen yet is zero:
//!
//! | | of dimension i at 3 i + | |
//! |---|---|---|
//! | magnitude | 0 | the upper 32 bits of the largest magnitude of a coordinate, as a binary64, rounded up: what limits go by, of a fit too |
//! | top | 1 | 1075 + the exponent of the largest magnitude of a coordinate of a point of positive weight |
//! | low | 2 | 1024 - the exponent of the lowest bit that is set in any of these |
//!
//! *The sums* are `i64`s. A term is a coordinate, or its exact product with the weight. With w = min(50, 62 - ceil(log2 total)) bits a limb,
//! L limbs hold every term exactly, where L is ceil(bits / w), and bits how far the lowest bit of the widest dimension is from the first power
//! of two above its largest coordinate, and with weights the same of these besides; W limbs hold every weight. They are 0 in the beginning, and
//! no sum of them over `total` points exceeds 2^62:
//!
//! | elements | |
//! |---|---|
//! | 1 | points whose distances are in the inertia |
//! | 1 | points whose labels were compared with those of the last pass |
//! | 1 | those of them that changed |
//! | 103 | the inertia: digit i counts 2^(32 i - 2162) |
//! | k | the points of each cluster |
//! | k | with weights: those of positive weight |
//! | k W | with weights: the sums of the weights, limb by limb |
//! | k L d | the sums of the terms: those of cluster j, limb l, dimension i at (j L + l) d + i, in units of 2^(E - (l + 1) w), 2^E being the least power of two above the dimension's largest coordinate, and with weights that times the least above the largest weight; units of weights, and of coordinates without weights, are no less than 2^-1074 |
//!
//! All of them but the digits are sums of what each point gives by itself, so they depend neither on threads nor on chunks, their
//! order and the way they are joined. What a call leaves of the inertia is carried, each digit in [0, 2^32): a function
//! of the points in the array, too. Digits of at most 2^30 arrays may be added element by element; the sum stands for the same number
//! in other digits, until a call adds to it and carries.
//!
//! A fit refuses points that differ so little that all squared distances underflow to 0; ranges do not tell how much points
//! differ, and streams take such points, all of which have the first center as their nearest.
//!
//! A pass over n points reads 8 n d bytes, and hands over 8 (106 + k (1 + L d)) bytes, whatever n is; L is 2 for ordinary data of
//! up to 4096 points, 1 for whole numbers, and 2 to 4 for more points than that; with weights that are no small integers, one or two
//! more. `total` is at most 2^40.
//!
//! # Seeding
//!
//! k-means‖ goes the same way, two passes a round and one to weigh the candidates, and gives the centers that a fit of all points
//! starts from with [`Start::Parallel`](crate::Start::Parallel):
//!
//! ```
//! use centra::streams::{self, Drawn, MASSES};
//! use centra::{KMeans, Points, Start, Workspace};
//!
//! let chunks = [[1.0, 2.0, 3.0], [10.0, 11.0, 12.0]];
//! let kmeans = KMeans::new(2).start(Start::Parallel).seed(7);
//! let mut workspace = Workspace::new();
//! let mut range = vec![0; streams::range_length(1)?];
//! for chunk in &chunks {
//!     kmeans.stream_range(&Points::rows(chunk, 3, 1)?, &mut range, &mut workspace)?;
//! }
//! let stream = kmeans.stream(6, 1, &range)?;
//!
//! let (mut candidates, mut masses) = (Vec::new(), vec![0; MASSES]);
//! let most = stream.candidates_per_round();
//! for round in 0.. {
//!     if !stream.due(round, candidates.len(), &masses) {
//!         break;
//!     }
//!     masses.fill(0);
//!     for chunk in &chunks {
//!         let points = Points::rows(chunk, 3, 1)?;
//!         stream.masses(&points, &candidates, None, &mut masses, &mut workspace)?;
//!     }
//!     let (mut rows, mut count) = (vec![0.0; most], 0);
//!     for (c, chunk) in chunks.iter().enumerate() {
//!         let points = Points::rows(chunk, 3, 1)?;
//!         let first = 3 * c as u64;
//!         let drawn = Drawn { round, first, rows: &mut rows, count: &mut count };
//!         stream.draw(&points, &candidates, None, &masses, drawn, &mut workspace)?;
//!     }
//!     if count as usize <= most {
//!         candidates.extend(&rows[..count as usize]);
//!     }
//! }
//! let mut weights = vec![0; stream.weights_length(candidates.len())?];
//! for chunk in &chunks {
//!     stream.weigh(&Points::rows(chunk, 3, 1)?, &candidates, &mut weights, &mut workspace)?;
//! }
//! let mut centers = [0.0; 2];
//! stream.choose(&candidates, &mut centers, &weights, &mut workspace)?;
//!
//! let all = chunks.concat();
//! assert_eq!(centers[..], kmeans.seed_centers(&Points::rows(&all, 6, 1)?)?);
//! # Ok::<(), centra::Error>(())
//! ```

use super::settings::KMeans;
use super::workspace::Workspace;
use crate::points::Points;
use crate::runtime::error::Error;
use crate::runtime::fp_environment::Standard;
use crate::stream as inner;

pub use inner::{range_length, Drawn, Kept, State, Wanted, MASSES};

/// Points in chunks. Weights are given to a stream, chunk by chunk ([`Stream::weights`]).
impl<'a> KMeans<'a> {
    /// Widens a range by a chunk. `range` has [`range_length`] elements, zero in the beginning; ranges of several chunks are joined by
    /// element-wise maximum. Of the settings count threads and weights; where one chunk has weights, all must.
    ///
    /// ```
    /// use centra::{streams, KMeans, Points, Workspace};
    ///
    /// let (mut range, mut workspace) = (vec![0; streams::range_length(1)?], Workspace::new());
    /// for chunk in [[1.0, 2.0, 3.0], [10.0, 11.0, 12.0]] {
    ///     KMeans::new(2).stream_range(&Points::rows(&chunk, 3, 1)?, &mut range, &mut workspace)?;
    /// }
    /// assert_eq!(range[1] - 1075, 3); // the largest is at least 2^3
    /// assert_eq!(1024 - range[2], 0); // all are whole
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn stream_range(
        &self,
        points: &Points<'_>,
        range: &mut [i32],
        workspace: &mut Workspace<'_>,
    ) -> Result<(), Error> {
        let (_environment, options) = self.enter()?;
        inner::range(points, &options, range, workspace.lend()?)
    }

    /// A stream with these settings: `total` points of all chunks together, in `d` dimensions, whose reduced range this is.
    ///
    /// ```
    /// use centra::{streams, KMeans, Points, Status, Workspace};
    ///
    /// let (kmeans, mut range) = (KMeans::new(2), vec![0; streams::range_length(1)?]);
    /// kmeans.stream_range(&Points::rows(&[1.0, 2.0], 2, 1)?, &mut range, &mut Workspace::new())?;
    /// let stream = kmeans.stream(2, 1, &range)?;
    /// assert!(stream.sums_length()? > 0);
    /// assert_eq!(kmeans.stream(2, 5, &range).unwrap_err().status(), Status::Shape);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn stream<'s>(&self, total: usize, d: usize, range: &'s [i32]) -> Result<Stream<'s>, Error>
    where
        'a: 's,
    {
        let _environment = Standard::enter();
        Ok(Stream {
            of: inner::Stream::new(total, d, self.k, range)?,
            kmeans: self.clone(),
        })
    }

    /// Bytes of workspace that suffice for every call on a chunk of at most `n` of `total` points, in either layout; for seeding,
    /// if these settings [`start`](Self::start) with [`Start::Parallel`](crate::Start::Parallel). They never fall as n, d, k or the
    /// threads grow. Weights count, too, but not how many there are.
    ///
    /// ```
    /// use centra::KMeans;
    ///
    /// let kmeans = KMeans::new(10);
    /// let bytes = kmeans.stream_workspace_size(1000, 1_000_000, 2)?;
    /// assert!(bytes <= kmeans.stream_workspace_size(2000, 1_000_000, 2)?);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn stream_workspace_size(&self, n: usize, total: usize, d: usize) -> Result<usize, Error> {
        let (_environment, options) = self.enter()?;
        inner::workspace_size(n, (total, d, self.k), &options)
    }
}

/// What all chunks of a stream have in common, and the calls on one of them: what [`KMeans::stream`] makes of settings.
///
/// ```
/// use centra::{streams, KMeans, Points, Workspace};
///
/// let points = Points::rows(&[1.0, 2.0, 3.0], 3, 1)?;
/// let (kmeans, mut workspace) = (KMeans::new(1), Workspace::new());
/// let mut range = vec![0; streams::range_length(1)?];
/// kmeans.stream_range(&points, &mut range, &mut workspace)?;
/// let stream: streams::Stream = kmeans.stream(3, 1, &range)?;
/// assert_eq!(stream.sums_length()?, 106 + 1 + 1);
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a stream does nothing until one of the calls is made"]
pub struct Stream<'a> {
    of: inner::Stream<'a>,
    kmeans: KMeans<'a>,
}

impl<'a> Stream<'a> {
    /// The same stream for the calls on a chunk with these weights, one for each of its points.
    ///
    /// ```
    /// use centra::streams::{self, Wanted};
    /// use centra::{KMeans, Points, Workspace};
    ///
    /// let chunks = [([1.0, 2.0], [1.0, 1.0]), ([6.0, 7.0], [2.0, 0.0])];
    /// let (kmeans, mut workspace) = (KMeans::new(1), Workspace::new());
    /// let mut range = vec![0; streams::range_length(1)?];
    /// for (data, weights) in &chunks {
    ///     let points = Points::rows(data, 2, 1)?;
    ///     kmeans.clone().weights(weights).stream_range(&points, &mut range, &mut workspace)?;
    /// }
    /// let stream = kmeans.stream(4, 1, &range)?;
    /// let (mut centers, mut sums) = ([0.0], vec![0; stream.sums_length()?]);
    /// for (data, weights) in &chunks {
    ///     let (points, wanted) = (Points::rows(data, 2, 1)?, Wanted::default());
    ///     stream.weights(weights).sums(&points, &centers, None, wanted, &mut sums, &mut workspace)?;
    /// }
    /// stream.means(&mut centers, &sums, None)?;
    /// assert_eq!(centers, [3.75]);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn weights<'s>(&self, weights: &'s [f64]) -> Stream<'s>
    where
        'a: 's,
    {
        Stream {
            of: self.of,
            kmeans: self.kmeans.clone().weights(weights),
        }
    }

    /// The elements of the sums.
    ///
    /// ```
    /// # use centra::{streams, KMeans, Points, Workspace};
    /// # let points = Points::rows(&[1.0, 2.0, 10.0, 11.0], 4, 1)?;
    /// # let (kmeans, mut workspace) = (KMeans::new(2), Workspace::new());
    /// # let mut range = vec![0; streams::range_length(1)?];
    /// # kmeans.stream_range(&points, &mut range, &mut workspace)?;
    /// let stream = kmeans.stream(4, 1, &range)?;
    /// let sums = vec![0i64; stream.sums_length()?];
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn sums_length(&self) -> Result<usize, Error> {
        let _environment = Standard::enter();
        self.of.sums_length()
    }

    /// Labels the points of a chunk by `centers`, k rows of d, and adds them to the `sums`, which have
    /// [`sums_length`](Self::sums_length) elements, zero in the beginning; those of several chunks are joined by element-wise sum. Labels
    /// are written where they are wanted. Of the settings count threads and weights.
    ///
    /// Refused, with all outputs as they were, are points or weights that are not in the range, and more points than the total.
    ///
    /// ```
    /// use centra::streams::Wanted;
    /// # use centra::{streams, KMeans, Points, Workspace};
    /// # let points = Points::rows(&[1.0, 2.0, 10.0, 11.0], 4, 1)?;
    /// # let (kmeans, mut workspace) = (KMeans::new(2), Workspace::new());
    /// # let mut range = vec![0; streams::range_length(1)?];
    /// # kmeans.stream_range(&points, &mut range, &mut workspace)?;
    /// let stream = kmeans.stream(4, 1, &range)?;
    /// let (mut labels, mut sums) = ([0; 4], vec![0; stream.sums_length()?]);
    /// let wanted = Wanted::default();
    /// stream.sums(&points, &[1.0, 9.0], Some(&mut labels), wanted, &mut sums, &mut workspace)?;
    /// assert_eq!(labels, [0, 0, 1, 1]);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn sums(
        &self,
        points: &Points<'_>,
        centers: &[f64],
        labels: Option<&mut [i32]>,
        wanted: Wanted,
        sums: &mut [i64],
        workspace: &mut Workspace<'_>,
    ) -> Result<(), Error> {
        let (_environment, options) = self.kmeans.enter()?;
        let workspace = workspace.lend()?;
        let stream = &self.of;
        let labels = labels.map(|labels| inner::Labels { labels, base: 0 });
        inner::sums(
            stream, points, &options, centers, labels, wanted, sums, workspace,
        )
    }

    /// Replaces each center by the mean of its points, as the reduced `sums` have them; `counts`, if it is wanted, receives the number
    /// of points of each. Centers of clusters without a point of positive weight stay as they are. Allocates nothing.
    ///
    /// ```
    /// # use centra::{streams::{self, Wanted}, KMeans, Points, Workspace};
    /// # let points = Points::rows(&[1.0, 2.0, 10.0, 11.0], 4, 1)?;
    /// # let (kmeans, mut workspace) = (KMeans::new(2), Workspace::new());
    /// # let mut range = vec![0; streams::range_length(1)?];
    /// # kmeans.stream_range(&points, &mut range, &mut workspace)?;
    /// # let stream = kmeans.stream(4, 1, &range)?;
    /// # let mut sums = vec![0; stream.sums_length()?];
    /// let mut centers = [1.0, 9.0];
    /// stream.sums(&points, &centers, None, Wanted::default(), &mut sums, &mut workspace)?;
    /// stream.means(&mut centers, &sums, None)?;
    /// assert_eq!(centers, [1.5, 10.5]);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn means(
        &self,
        centers: &mut [f64],
        sums: &[i64],
        counts: Option<&mut [i64]>,
    ) -> Result<(), Error> {
        let _environment = Standard::enter();
        inner::means(&self.of, sums, centers, counts)
    }

    /// One step of the loop that [`KMeans::fit`] runs: from the reduced `sums` of a pass of all chunks against `centers`, decides whether
    /// that pass was the last one; if not, moves the centers to the means. Of the settings count
    /// [`max_iter`](KMeans::max_iter), [`tol`](KMeans::tol) and [`empty`](KMeans::empty).
    ///
    /// Without labels that are compared, the loop has converged when no mean moves. That is so one pass after the last label
    /// moves; it can only be earlier where labels move that leave every sum's mean as it was, such as points of weight zero, and
    /// then the iterations are fewer than those of a fit, and all other results the same.
    ///
    /// An empty cluster is refused under [`Empty::Error`](crate::Empty::Error), and under [`Empty::Relocate`](crate::Empty::Relocate)
    /// too: which point is the farthest, sums do not tell. Under [`Empty::Keep`](crate::Empty::Keep) its center stays. Allocates nothing.
    /// When it refuses, centers and state are as they were; once the loop is done, nothing changes.
    ///
    /// ```
    /// use centra::streams::State;
    /// # use centra::{streams::{self, Wanted}, KMeans, Points, Workspace};
    /// # let points = Points::rows(&[1.0, 2.0, 10.0, 11.0], 4, 1)?;
    /// # let (kmeans, mut workspace) = (KMeans::new(2), Workspace::new());
    /// # let mut range = vec![0; streams::range_length(1)?];
    /// # kmeans.stream_range(&points, &mut range, &mut workspace)?;
    /// # let stream = kmeans.stream(4, 1, &range)?;
    /// # let mut sums = vec![0; stream.sums_length()?];
    /// let (mut centers, mut state) = ([1.0, 9.0], State::default());
    /// stream.sums(&points, &centers, None, Wanted::default(), &mut sums, &mut workspace)?;
    /// stream.step(&mut centers, &sums, &mut state)?;
    /// assert_eq!((centers, state.iterations, state.done()), ([1.5, 10.5], 1, false));
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn step(&self, centers: &mut [f64], sums: &[i64], state: &mut State) -> Result<(), Error> {
        let (_environment, options) = self.kmeans.enter()?;
        inner::step(&self.of, sums, &options, centers, state)
    }
}

/// Seeding, by k-means‖. The [module's documentation](self#seeding) has all of it.
impl Stream<'_> {
    /// How many candidates one round draws at most.
    ///
    /// ```
    /// # use centra::{streams, KMeans, Points, Workspace};
    /// # let points = Points::rows(&[1.0, 2.0, 10.0, 11.0], 4, 1)?;
    /// # let (kmeans, mut workspace) = (KMeans::new(2), Workspace::new());
    /// # let mut range = vec![0; streams::range_length(1)?];
    /// # kmeans.stream_range(&points, &mut range, &mut workspace)?;
    /// let stream = kmeans.stream(4, 1, &range)?;
    /// assert!(stream.candidates_per_round() <= stream.most_candidates());
    /// # Ok::<(), centra::Error>(())
    /// ```
    #[must_use]
    pub fn candidates_per_round(&self) -> usize {
        inner::candidates(self.kmeans.k).0
    }

    /// How many candidates all rounds draw together at most.
    ///
    /// ```
    /// # use centra::{streams, KMeans, Points, Workspace};
    /// # let points = Points::rows(&[1.0, 2.0, 10.0, 11.0], 4, 1)?;
    /// # let (kmeans, mut workspace) = (KMeans::new(2), Workspace::new());
    /// # let mut range = vec![0; streams::range_length(1)?];
    /// # kmeans.stream_range(&points, &mut range, &mut workspace)?;
    /// let stream = kmeans.stream(4, 1, &range)?;
    /// let room = Vec::<f64>::with_capacity(stream.most_candidates());
    /// # Ok::<(), centra::Error>(())
    /// ```
    #[must_use]
    pub fn most_candidates(&self) -> usize {
        inner::candidates(self.kmeans.k).1
    }

    /// Whether round `round`, from 0, is due: `count` candidates are known, and the reduced `masses` were those of the round before.
    ///
    /// ```
    /// use centra::streams::MASSES;
    /// # use centra::{streams, KMeans, Points, Workspace};
    /// # let points = Points::rows(&[1.0, 2.0, 10.0, 11.0], 4, 1)?;
    /// # let (kmeans, mut workspace) = (KMeans::new(2), Workspace::new());
    /// # let mut range = vec![0; streams::range_length(1)?];
    /// # kmeans.stream_range(&points, &mut range, &mut workspace)?;
    /// let stream = kmeans.stream(4, 1, &range)?;
    /// let none = [0; MASSES];
    /// assert!(stream.due(0, 0, &none)); // the first always is
    /// assert!(!stream.due(1, 3, &none)); // every point is a candidate
    /// # Ok::<(), centra::Error>(())
    /// ```
    #[must_use]
    pub fn due(&self, round: u32, count: usize, masses: &[i64]) -> bool {
        inner::due(self.kmeans.k, round, count, masses)
    }

    /// The first half of a round: adds the exact sum of the masses of a chunk to `masses`, [`MASSES`] elements, zero in
    /// the beginning of a round and joined by element-wise sum. A point's mass is its weight times its squared distance to the nearest of
    /// the `candidates`, rows of d; its weight, while there are none. Without distances that are `kept`, all candidates are compared
    /// anew. Of the settings count threads and weights.
    ///
    /// ```
    /// use centra::streams::MASSES;
    /// # use centra::{streams, KMeans, Points, Workspace};
    /// # let points = Points::rows(&[1.0, 2.0, 10.0, 11.0], 4, 1)?;
    /// # let (kmeans, mut workspace) = (KMeans::new(2), Workspace::new());
    /// # let mut range = vec![0; streams::range_length(1)?];
    /// # kmeans.stream_range(&points, &mut range, &mut workspace)?;
    /// let stream = kmeans.stream(4, 1, &range)?;
    /// let (candidates, mut masses) = ([1.0, 2.0, 10.0, 11.0], vec![0; MASSES]);
    /// stream.masses(&points, &candidates, None, &mut masses, &mut workspace)?;
    /// assert_eq!(masses, [0; MASSES]); // every point is a candidate
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn masses(
        &self,
        points: &Points<'_>,
        candidates: &[f64],
        kept: Option<Kept<'_>>,
        masses: &mut [i64],
        workspace: &mut Workspace<'_>,
    ) -> Result<(), Error> {
        let (_environment, options) = self.kmeans.enter()?;
        let workspace = workspace.lend()?;
        inner::masses(
            &self.of, points, &options, candidates, kept, masses, workspace,
        )
    }

    /// The second half of a round: draws points of a chunk by their masses, whose reduced sum is `masses`. `distances` are those
    /// that were kept, if any. The points that all chunks have drawn, in the order of the points, are the next candidates. Of the
    /// settings count threads, weights and seed.
    ///
    /// ```
    /// use centra::streams::{Drawn, MASSES};
    /// # use centra::{streams, KMeans, Points, Workspace};
    /// # let points = Points::rows(&[1.0, 2.0, 10.0, 11.0], 4, 1)?;
    /// # let (kmeans, mut workspace) = (KMeans::new(2), Workspace::new());
    /// # let mut range = vec![0; streams::range_length(1)?];
    /// # kmeans.stream_range(&points, &mut range, &mut workspace)?;
    /// let stream = kmeans.stream(4, 1, &range)?;
    /// let mut masses = vec![0; MASSES];
    /// stream.masses(&points, &[], None, &mut masses, &mut workspace)?;
    /// let (mut rows, mut count) = (vec![0.0; stream.candidates_per_round()], 0);
    /// let drawn = Drawn { round: 0, first: 0, rows: &mut rows, count: &mut count };
    /// stream.draw(&points, &[], None, &masses, drawn, &mut workspace)?;
    /// assert!((1..=4).contains(&count));
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn draw(
        &self,
        points: &Points<'_>,
        candidates: &[f64],
        distances: Option<&[f64]>,
        masses: &[i64],
        drawn: Drawn<'_>,
        workspace: &mut Workspace<'_>,
    ) -> Result<(), Error> {
        let (_environment, options) = self.kmeans.enter()?;
        let workspace = workspace.lend()?;
        inner::draw(
            &self.of, points, &options, masses, candidates, distances, drawn, workspace,
        )
    }

    /// The elements of the weights of `count` candidates: as many for each as there are limbs.
    ///
    /// ```
    /// # use centra::{streams, KMeans, Points, Workspace};
    /// # let points = Points::rows(&[1.0, 2.0, 10.0, 11.0], 4, 1)?;
    /// # let (kmeans, mut workspace) = (KMeans::new(2), Workspace::new());
    /// # let mut range = vec![0; streams::range_length(1)?];
    /// # kmeans.stream_range(&points, &mut range, &mut workspace)?;
    /// let stream = kmeans.stream(4, 1, &range)?;
    /// assert_eq!(stream.weights_length(5)?, 5); // points without weights are counted
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn weights_length(&self, count: usize) -> Result<usize, Error> {
        let _environment = Standard::enter();
        self.of.weights_length(count)
    }

    /// After the rounds: adds the weights of a chunk's points to those of their nearest candidates:
    /// [`weights_length`](Self::weights_length) elements, limb l of candidate j of L at L j + l, zero in the beginning, joined by
    /// element-wise sum. Of the settings count threads and weights.
    ///
    /// ```
    /// # use centra::{streams, KMeans, Points, Workspace};
    /// # let points = Points::rows(&[1.0, 2.0, 10.0, 11.0], 4, 1)?;
    /// # let (kmeans, mut workspace) = (KMeans::new(2), Workspace::new());
    /// # let mut range = vec![0; streams::range_length(1)?];
    /// # kmeans.stream_range(&points, &mut range, &mut workspace)?;
    /// let stream = kmeans.stream(4, 1, &range)?;
    /// let (candidates, mut weights) = ([2.0, 10.0, 11.0], [0; 3]);
    /// stream.weigh(&points, &candidates, &mut weights, &mut workspace)?;
    /// assert_eq!(weights[0], 2 * weights[1]); // two points are nearest to the first candidate
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn weigh(
        &self,
        points: &Points<'_>,
        candidates: &[f64],
        weights: &mut [i64],
        workspace: &mut Workspace<'_>,
    ) -> Result<(), Error> {
        let (_environment, options) = self.kmeans.enter()?;
        let workspace = workspace.lend()?;
        inner::weigh(&self.of, points, &options, candidates, weights, workspace)
    }

    /// In the end: greedy k-means++ among the candidates, whose reduced weights these are; k rows of d in `centers`. Of the settings
    /// count threads and seed.
    ///
    /// ```
    /// # use centra::{streams, KMeans, Points, Workspace};
    /// # let points = Points::rows(&[1.0, 2.0, 10.0, 11.0], 4, 1)?;
    /// # let (kmeans, mut workspace) = (KMeans::new(2), Workspace::new());
    /// # let mut range = vec![0; streams::range_length(1)?];
    /// # kmeans.stream_range(&points, &mut range, &mut workspace)?;
    /// let stream = kmeans.stream(4, 1, &range)?;
    /// let (candidates, weights, mut centers) = ([2.0, 10.0, 11.0], [2, 1, 1], [0.0; 2]);
    /// stream.choose(&candidates, &mut centers, &weights, &mut workspace)?;
    /// assert!(centers.contains(&2.0));
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn choose(
        &self,
        candidates: &[f64],
        centers: &mut [f64],
        weights: &[i64],
        workspace: &mut Workspace<'_>,
    ) -> Result<(), Error> {
        let (_environment, options) = self.kmeans.enter()?;
        let workspace = workspace.lend()?;
        inner::choose(&self.of, candidates, weights, &options, centers, workspace)
    }
}
