//! Points that are not in one place: chunks of a file, ranks of a cluster, partitions of a data frame.
//!
//! One iteration needs nothing from the points but maxima and sums of integers. The plain reductions of any engine join those of
//! different chunks, in any order and any grouping, and the result is that of [`KMeans::fit`] on all points in one array, bit for bit:
//!
//! ```text
//! range := 0;  of every chunk:  stream_range(chunk)                 reduced by element-wise MAX
//! repeat
//!     sums := 0;  of every chunk:  sums(chunk, centers)             reduced by element-wise SUM
//!     farthest := 0, if farthest_length(centers, sums) tells so; of every chunk:  farthest(chunk, centers, sums)     reduced by join_farthest
//!     relocate(centers, sums, farthest)                             the same everywhere
//! until it says so
//! ```
//!
//! The third line is for empty clusters, which take the farthest points, as in a fit. Without them it has nothing to do, and neither has it
//! under [`Empty::Keep`](crate::Empty::Keep) and [`Empty::Error`](crate::Empty::Error): there [`step`](Stream::step) does what
//! [`relocate`](Stream::relocate) does.
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
//! let (mut centers, mut state) = ([50.0, 60.0], State::default());
//! let wanted = Wanted::default().inertia(true);
//! while !state.done() {
//!     let mut sums = vec![0; stream.sums_length()?];
//!     for chunk in &chunks {
//!         let points = Points::rows(chunk, 3, 1)?;
//!         stream.sums(&points, &centers, None, wanted, &mut sums, &mut workspace)?;
//!     }
//!     // The farther center is empty after the first pass, and takes the first point.
//!     let mut farthest = vec![0; stream.farthest_length(&centers, &sums, &state)?];
//!     if !farthest.is_empty() {
//!         for (c, chunk) in chunks.iter().enumerate() {
//!             let (points, first) = (Points::rows(chunk, 3, 1)?, 3 * c as u64);
//!             stream.farthest(&points, &centers, &sums, first, &mut farthest, &mut workspace)?;
//!         }
//!     }
//!     stream.relocate(&mut centers, &mut sums, &farthest, &mut state)?;
//! }
//! assert_eq!((centers, state.inertia), ([11.0, 2.0], 4.0));
//! # Ok::<(), centra::Error>(())
//! ```
//!
//! *The range* is 3 (d + 1) `i32`s, three for each dimension and three for the weights. All are zero at first:
//!
//! | | of dimension i at 3 i + | |
//! |---|---|---|
//! | magnitude | 0 | the upper 32 bits of the largest magnitude of a coordinate, as a binary64, rounded up: the limits on the range of coordinates apply to it, as in a fit |
//! | top | 1 | 1075 + the exponent of the largest magnitude of a coordinate of a point of positive weight |
//! | low | 2 | 1024 - the exponent of the lowest bit that is set in any of these |
//!
//! *The sums* are `i64`s. A term is a coordinate, or its exact product with the weight. With w = min(50, 62 - ceil(log2 total)) bits a limb,
//! L limbs hold every term exactly, where L is ceil(bits / w), and bits how far the lowest bit of the widest dimension is from the first power
//! of two above its largest coordinate, and with weights the same of these besides; W limbs hold every weight. They are 0 at first, and
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
//! All elements but the digits are sums of one term for each point, so they depend neither on the threads nor on the chunks, their
//! order and the way in which they are joined. A call leaves the digits of the inertia carried, each of them in [0, 2^32): these, too,
//! depend on nothing but the points in the array. The digits of at most 2^30 arrays may be added element by element. The result
//! represents the same number in other digits, until a call adds to it and carries.
//!
//! *The farthest points* are `i64`s too, d + 4 for each point: its D, as the bits of a binary64; its index among all points; its label; its
//! weight, 1 without weights, and its coordinates, as bits. The farthest is the first, ties to the lower index; what is not used is zero, as all
//! are at first. m empty clusters take m points, and 2 m - 1 are listed: a cluster does not give its last point of positive weight away, and the
//! points that are passed over for it come after others of that cluster. [`join_farthest`] joins the lists of different chunks, in any order and
//! any grouping.
//!
//! A fit refuses points that differ so little that all squared distances underflow to 0. A range does not say how much points
//! differ, so streams accept such points; the nearest center of all of them is the first.
//!
//! A pass over n points reads 8 n d bytes and returns 8 (106 + k (1 + L d)) bytes, whatever n is. L is 1 for small integers, 2 for
//! ordinary data of up to 4096 points, and 2 to 4 for more points; with weights that are not small integers it is one or two more. `total` is at most 2^40.
//!
//! # Seeding
//!
//! k-means‖ is computed in the same way, with two passes a round and a last one that weighs the candidates. The centers are those from
//! which a fit of all points starts with [`Start::Parallel`](crate::Start::Parallel):
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

pub use inner::{join_farthest, range_length, Drawn, Kept, State, Wanted, MASSES};

/// Points in chunks. The weights of each chunk are set by [`Stream::weights`].
impl<'a> KMeans<'a> {
    /// Widens a range by a chunk. `range` has [`range_length`] elements, which are zero at first. The ranges of several chunks are
    /// reduced by element-wise maximum. If one chunk has weights, all must. Settings used: threads, weights.
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

    /// A stream with these settings: `total` points of all chunks together, in `d` dimensions. `range` is the reduced range of all
    /// chunks.
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

    /// Bytes of workspace that suffice for every call on a chunk of at most `n` of `total` points, in either layout; for the
    /// calls of seeding, only if the [`start`](Self::start) is [`Start::Parallel`](crate::Start::Parallel), and for
    /// [`Stream::farthest`], only if [`empty`](Self::empty) is [`Empty::Relocate`](crate::Empty::Relocate). The number never falls as n,
    /// d, k or the threads grow. It depends on whether there are weights, but not on how many.
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
        inner::workspace_size(n, total, d, self.k, &options)
    }
}

/// What all chunks of a stream have in common, and the calls on one of them. [`KMeans::stream`] makes it.
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

    /// The number of elements of the sums.
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

    /// Labels the points of a chunk by `centers`, k rows of d, and adds them to `sums`, which has
    /// [`sums_length`](Self::sums_length) elements, all zero at first. The sums of several chunks are reduced by element-wise addition.
    /// `labels` receives the labels, unless it is `None`. Settings used: threads, weights.
    ///
    /// Points or weights that are not in the range are refused, as are more points than the total; a refused call leaves all outputs
    /// as they were.
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

    /// Replaces each center by the mean of its points, from the reduced `sums`. `counts` receives the number of points of each center,
    /// unless it is `None`. Centers of clusters without a point of positive weight stay as they are. Allocates nothing.
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

    /// One step of the loop of [`KMeans::fit`], after a pass of all chunks against `centers`: decides from the reduced `sums` whether
    /// that pass was the last, and if not, moves the centers to the means. Settings used:
    /// [`max_iter`](KMeans::max_iter), [`tol`](KMeans::tol), [`empty`](KMeans::empty).
    ///
    /// If labels were not compared, the loop has converged when no mean moves: one pass after the last label changed, or earlier if
    /// the labels that changed left every mean as it was (those of points of weight zero, for example). Then there can be fewer
    /// iterations than in a fit; all other results are the same.
    ///
    /// Sums do not say which point is the farthest. So an empty cluster that would take one, under
    /// [`Empty::Relocate`](crate::Empty::Relocate), the default, is refused as under [`Empty::Error`](crate::Empty::Error), and
    /// [`relocate`](Self::relocate) is to be called. Under [`Empty::Keep`](crate::Empty::Keep) its center stays. Allocates nothing. A refused
    /// call leaves centers and state as they were; once the loop is done, a call changes nothing.
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

/// Empty clusters that take the farthest points, as in a fit. The [module's documentation](self) shows the whole loop.
impl Stream<'_> {
    /// The number of elements of the list of farthest points that [`relocate`](Self::relocate) needs after a pass of all chunks against
    /// `centers`, with the reduced `sums`; 0, if no cluster takes a point: none is empty, or this pass was the last. Settings used:
    /// [`max_iter`](KMeans::max_iter), [`tol`](KMeans::tol), [`empty`](KMeans::empty).
    ///
    /// ```
    /// use centra::streams::State;
    /// # use centra::{streams::{self, Wanted}, Empty, KMeans, Points, Workspace};
    /// # let points = Points::rows(&[1.0, 2.0, 10.0, 11.0], 4, 1)?;
    /// # let (kmeans, mut workspace) = (KMeans::new(2), Workspace::new());
    /// # let mut range = vec![0; streams::range_length(1)?];
    /// # kmeans.stream_range(&points, &mut range, &mut workspace)?;
    /// # let stream = kmeans.stream(4, 1, &range)?;
    /// # let mut sums = vec![0; stream.sums_length()?];
    /// let (centers, state) = ([1.0, 90.0], State::default());
    /// stream.sums(&points, &centers, None, Wanted::default(), &mut sums, &mut workspace)?;
    /// assert_eq!(stream.farthest_length(&centers, &sums, &state)?, 5); // one point
    /// let stream = kmeans.empty(Empty::Keep).stream(4, 1, &range)?;
    /// assert_eq!(stream.farthest_length(&centers, &sums, &state)?, 0);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn farthest_length(
        &self,
        centers: &[f64],
        sums: &[i64],
        state: &State,
    ) -> Result<usize, Error> {
        let (_environment, options) = self.kmeans.enter()?;
        inner::farthest_length(&self.of, sums, &options, centers, state)
    }

    /// Joins the list `farthest` with the points of a chunk that are farthest from their nearest centers. It has
    /// [`farthest_length`](Self::farthest_length) elements, all zero at first; the lists of several chunks are joined by
    /// [`join_farthest`]. `centers` and the reduced `sums` are those of the pass, and `first` is the index of the chunk's first point among all.
    /// Settings used: threads, weights.
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
    /// let (centers, state) = ([1.0, 90.0], State::default());
    /// stream.sums(&points, &centers, None, Wanted::default(), &mut sums, &mut workspace)?;
    /// let mut farthest = vec![0; stream.farthest_length(&centers, &sums, &state)?];
    /// stream.farthest(&points, &centers, &sums, 0, &mut farthest, &mut workspace)?;
    /// assert_eq!(f64::from_bits(farthest[0] as u64), 100.0); // D between 11 and 1
    /// assert_eq!(farthest[1], 3); // the last point
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn farthest(
        &self,
        points: &Points<'_>,
        centers: &[f64],
        sums: &[i64],
        first: u64,
        farthest: &mut [i64],
        workspace: &mut Workspace<'_>,
    ) -> Result<(), Error> {
        let (_environment, options) = self.kmeans.enter()?;
        let workspace = workspace.lend()?;
        let list = inner::Farthest {
            list: farthest,
            first,
        };
        inner::farthest(&self.of, points, &options, centers, sums, list, workspace)
    }

    /// A [`step`](Self::step) in which empty clusters take the `farthest` points, as joined of all chunks: of
    /// [`farthest_length`](Self::farthest_length) elements, and none where that is 0. In `sums` the points that were taken are moved,
    /// so that they are the sums of the means. Allocates nothing.
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
    /// let (mut centers, mut state) = ([1.0, 90.0], State::default());
    /// stream.sums(&points, &centers, None, Wanted::default(), &mut sums, &mut workspace)?;
    /// let mut farthest = vec![0; stream.farthest_length(&centers, &sums, &state)?];
    /// stream.farthest(&points, &centers, &sums, 0, &mut farthest, &mut workspace)?;
    /// stream.relocate(&mut centers, &mut sums, &farthest, &mut state)?;
    /// assert_eq!((centers, state.iterations), ([13.0 / 3.0, 11.0], 1));
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn relocate(
        &self,
        centers: &mut [f64],
        sums: &mut [i64],
        farthest: &[i64],
        state: &mut State,
    ) -> Result<(), Error> {
        let (_environment, options) = self.kmeans.enter()?;
        inner::relocate(&self.of, sums, farthest, &options, centers, state)
    }
}

/// Seeding by k-means‖. The [module's documentation](self#seeding) shows the whole loop.
impl Stream<'_> {
    /// The most candidates that one round draws.
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

    /// The most candidates that all rounds draw together.
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

    /// Whether another round is due. Rounds count from 0, there are `count` candidates so far, and `masses` are the reduced masses of the
    /// round before; round 0 does not read them.
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

    /// The first half of a round: adds the exact sum of the masses of a chunk to `masses`, which has [`MASSES`] elements, all zero at
    /// the beginning of a round. The masses of several chunks are reduced by element-wise addition. A point's mass is its weight times its
    /// squared distance to the nearest of the `candidates`, rows of d; or its weight, while there is none. If no distances are `kept`, all
    /// candidates are compared in each round. Settings used: threads, weights.
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

    /// The second half of a round: draws points of a chunk by their masses, whose reduced sum is `masses`. `distances` are those that
    /// the first half kept, if any. The points that all chunks have drawn, in the order of the points, are the next candidates. Settings
    /// used: threads, weights, seed.
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

    /// The number of elements of the weights of `count` candidates: one for each limb of each candidate.
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

    /// After the last round: adds the weights of a chunk's points to those of their nearest candidates. `weights` has
    /// [`weights_length`](Self::weights_length) elements, all zero at first; limb l of candidate j is at L j + l, with L limbs for each
    /// candidate. The weights of several chunks are reduced by element-wise addition. Settings used: threads, weights.
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

    /// At the end: draws `centers`, k rows of d, by greedy k-means++ among the candidates with their reduced `weights`. Settings used:
    /// threads, seed.
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
