//! Means of reduced sums, and the end of the loop.

use super::farthest::{check_points, points};
use super::format::{checked, Format, View};
use super::range::above;
use super::whole::Stream;
use crate::api::check_length;
use crate::call::{Empty, Options, StoppedBy};
use crate::exact::distance::fold;
use crate::exact::limbs::size::{unit, unit_of_products};
use crate::exact::quotient::{Divisor, Sum};
use crate::runtime::error::{refuse, Error};

/// The state of a fit of a stream; at first the default.
///
/// ```
/// use centra::streams::State;
///
/// let state = State::default();
/// assert_eq!((state.iterations, state.stopped_by), (0, None));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct State {
    /// Why it stopped, if it did.
    pub stopped_by: Option<StoppedBy>,
    /// Iterations so far.
    pub iterations: i64,
    /// Labels that changed in the last iteration, if they were compared; else -1.
    pub moved: i64,
    /// Clusters without a point of positive weight in the last pass.
    pub empty_clusters: i64,
    /// Sum over the centers of D between the new and the previous center.
    pub shift: f64,
    /// The inertia of the last pass, if it was computed for all points; else NaN.
    pub inertia: f64,
}

impl Default for State {
    fn default() -> Self {
        State {
            stopped_by: None,
            iterations: 0,
            moved: 0,
            empty_clusters: 0,
            shift: 0.0,
            inertia: f64::NAN,
        }
    }
}

impl State {
    /// Whether the fit has stopped: the centers, and the labels of the last pass, are the result.
    ///
    /// ```
    /// assert!(!centra::streams::State::default().done());
    /// ```
    #[must_use]
    pub fn done(&self) -> bool {
        self.stopped_by.is_some()
    }
}

/// The means of reduced sums.
struct Means<'a> {
    stream: &'a Stream<'a>,
    format: &'a Format,
    sums: &'a View<'a>,
}

impl Means<'_> {
    /// Calls `with` for every cluster that has a mean, in order, and every dimension: j, i and the mean.
    fn each(&self, mut with: impl FnMut(usize, usize, f64)) {
        let Stream { total, d, k, range } = *self.stream;
        let count = self.sums.weight_limbs;
        for j in (0..k).filter(|&j| self.sums.positive[j] > 0) {
            if count == 0 {
                let members = self.sums.counts[j];
                self.cluster(j, &Divisor::new(Sum::new(1, |_| (members, 0))), &mut with);
            } else {
                let top = above(range, d);
                let limbs = &self.sums.weights[j * count..][..count];
                let weight = Sum::new(count, |l| (limbs[l], unit(top, l, total)));
                self.cluster(j, &Divisor::new(weight), &mut with);
            }
        }
    }

    /// Whether the centers of all clusters that have a mean are it; a zero of the other sign is not.
    fn are(&self, centers: &[f64]) -> bool {
        let mut same = true;
        self.each(|j, i, mean| {
            same &= mean.to_bits() == centers[j * self.stream.d + i].to_bits();
        });
        same
    }

    /// Moves centers to the means. D between the old and the new ones, summed in the order of the clusters.
    fn move_centers(&self, centers: &mut [f64]) -> f64 {
        let (mut shift, mut lanes, mut current) = (0.0, [0.0; 8], 0);
        self.each(|j, i, mean| {
            if j != current {
                shift += fold(&lanes);
                (lanes, current) = ([0.0; 8], j);
            }
            let center = &mut centers[j * self.stream.d + i];
            let t = mean - *center;
            lanes[i % 8] += t * t;
            *center = mean;
        });
        shift + fold(&lanes)
    }

    fn cluster<F: Fn(usize) -> (i64, i32)>(
        &self,
        j: usize,
        divisor: &Divisor<F>,
        with: &mut impl FnMut(usize, usize, f64),
    ) {
        let Stream {
            total, d, range, ..
        } = *self.stream;
        let (count, weighted) = (self.format.limbs, self.sums.weight_limbs > 0);
        let limbs = &self.sums.terms[j * count * d..][..count * d];
        for i in 0..d {
            let unit_of = |l| match weighted {
                true => unit_of_products(above(range, i) + above(range, d), l, total),
                false => unit(above(range, i), l, total),
            };
            let sum = Sum::new(count, |l| (limbs[l * d + i], unit_of(l)));
            with(j, i, divisor.divide(&sum));
        }
    }
}

/// Replaces each center by the mean of its points, from the reduced `sums`; `counts`, if given, receives the number of
/// points of each cluster. Centers of clusters without a point of positive weight stay as they are. Allocates nothing.
pub(crate) fn means(
    stream: &Stream<'_>,
    sums: &[i64],
    centers: &mut [f64],
    counts: Option<&mut [i64]>,
) -> Result<(), Error> {
    stream.check_centers(centers)?;
    if let Some(counts) = &counts {
        check_length("counts", counts.len(), stream.k, "k")?;
    }
    let format = Format::of(stream)?;
    let sums = &checked(stream, &format, sums)?;
    let means = Means {
        stream,
        format: &format,
        sums,
    };
    means.each(|j, i, mean| centers[j * stream.d + i] = mean);
    if let Some(counts) = counts {
        counts.copy_from_slice(sums.counts);
    }
    Ok(())
}

/// What becomes of the loop after a pass.
enum Verdict {
    Stops(StoppedBy),
    /// Empty clusters are to take points before the centers move. Which they are decides whether the loop has converged, if labels were
    /// not compared and the means that there are have `stayed`.
    Relocates {
        stayed: bool,
    },
    Moves,
}

/// What a pass says about the loop.
struct Pass<'a> {
    means: Means<'a>,
    options: &'a Options<'a>,
    iterations: i64,
    shift: f64,
}

impl Pass<'_> {
    fn compared(&self) -> bool {
        self.means.sums.compared == self.means.stream.total as i64
    }

    /// The first cluster without a point of positive weight.
    fn empty(&self) -> Option<usize> {
        let mut positive = self.means.sums.positive.iter();
        positive.position(|&members| members == 0)
    }

    fn verdict(&self, centers: &[f64]) -> Verdict {
        let relocates = self.empty().is_some() && self.options.empty == Empty::Relocate;
        let on = match relocates {
            true => Verdict::Relocates { stayed: false },
            false => Verdict::Moves,
        };
        if self.iterations == 0 {
            return match self.options.max_iter {
                0 => Verdict::Stops(StoppedBy::MaxIter),
                _ => on,
            };
        }
        let converged = match self.compared() {
            true => self.means.sums.moved == 0,
            // If an empty cluster is an error, labels have changed since it had points, and the means are refused.
            false => {
                let refused = self.empty().is_some() && self.options.empty == Empty::Error;
                !refused && self.means.are(centers)
            }
        };
        match (converged, self.limit()) {
            (true, _) if relocates && !self.compared() => Verdict::Relocates { stayed: true },
            (true, _) => Verdict::Stops(StoppedBy::Converged),
            (false, Some(reason)) => Verdict::Stops(reason),
            (false, None) => on,
        }
    }

    /// Why the loop ends with this pass, unless it has converged.
    fn limit(&self) -> Option<StoppedBy> {
        if self.options.tol > 0.0 && self.shift <= self.options.tol {
            return Some(StoppedBy::Tolerance);
        }
        (self.iterations as u64 >= self.options.max_iter).then_some(StoppedBy::MaxIter)
    }
}

/// The number of elements of the list of farthest points that [`relocate`] needs after this pass; 0, if no cluster takes a point.
pub(crate) fn farthest_length(
    stream: &Stream<'_>,
    sums: &[i64],
    options: &Options<'_>,
    centers: &[f64],
    state: &State,
) -> Result<usize, Error> {
    options.check()?;
    if state.done() {
        return Ok(0);
    }
    stream.given(centers)?;
    let format = Format::of(stream)?;
    let sums = &checked(stream, &format, sums)?;
    let pass = Pass::of(stream, &format, sums, options, state);
    match pass.verdict(centers) {
        Verdict::Relocates { .. } => sums.farthest_length(stream.d),
        Verdict::Stops(_) | Verdict::Moves => Ok(0),
    }
}

/// One step of the loop that a fit runs: from the reduced `sums` of a pass of all chunks against `centers`, decides
/// whether that pass was the last one; if not, moves the centers to the means. Of the options count `max_iter`, `tol` and `empty`.
///
/// If labels were not compared, the loop has converged when no mean moves: one pass after the last label changed, or earlier if the
/// labels that changed left every mean as it was (those of points of weight zero, for example). Then there can be fewer iterations
/// than in a fit; all other results are the same.
///
/// An empty cluster is refused under [`Empty::Error`], and under [`Empty::Relocate`] where [`relocate`] has to be called: which point is
/// the farthest, sums do not tell. Under [`Empty::Keep`] its center stays. Allocates nothing. When it refuses, centers and state are as
/// they were; once the loop is done, nothing changes.
pub(crate) fn step(
    stream: &Stream<'_>,
    sums: &[i64],
    options: &Options<'_>,
    centers: &mut [f64],
    state: &mut State,
) -> Result<(), Error> {
    options.check()?;
    if state.done() {
        return Ok(());
    }
    stream.given(centers)?;
    let format = Format::of(stream)?;
    let sums = &checked(stream, &format, sums)?;
    let pass = Pass::of(stream, &format, sums, options, state);
    let stopped_by = match (pass.verdict(centers), pass.empty()) {
        (Verdict::Stops(reason), _) => Some(reason),
        (Verdict::Relocates { .. }, Some(j)) => {
            return refuse!(
                Empty,
                "cluster {j} has no point of positive weight, and which are the farthest is not known in this call"
            );
        }
        _ => None,
    };
    let mut next = pass.state(stopped_by, state);
    if stopped_by.is_none() {
        pass.refuse_empty()?;
        next.shift = pass.means.move_centers(centers);
        next.iterations += 1;
    }
    *state = next;
    Ok(())
}

/// The same step, in which empty clusters take points of the joined list `farthest`, of [`farthest_length`] elements. In the `sums` these
/// points are moved.
pub(crate) fn relocate(
    stream: &Stream<'_>,
    sums: &mut [i64],
    farthest: &[i64],
    options: &Options<'_>,
    centers: &mut [f64],
    state: &mut State,
) -> Result<(), Error> {
    options.check()?;
    if state.done() {
        return Ok(());
    }
    stream.given(centers)?;
    let format = Format::of(stream)?;
    let view = &checked(stream, &format, sums)?;
    let pass = Pass::of(stream, &format, view, options, state);
    let verdict = pass.verdict(centers);
    let length = match verdict {
        Verdict::Relocates { .. } => view.farthest_length(stream.d)?,
        Verdict::Stops(_) | Verdict::Moves => 0,
    };
    check_length("farthest", farthest.len(), length, "the farthest points")?;
    check_points(stream, farthest, view.positive)?;
    // The first of the list leaves its cluster, which has another point.
    let none = points(farthest, stream.d).next().is_none();
    let stopped_by = match verdict {
        Verdict::Stops(reason) => Some(reason),
        Verdict::Relocates { stayed: true } if none => Some(StoppedBy::Converged),
        Verdict::Relocates { stayed: true } => pass.limit(),
        Verdict::Relocates { stayed: false } | Verdict::Moves => None,
    };
    let mut next = pass.state(stopped_by, state);
    if stopped_by.is_none() {
        pass.refuse_empty()?;
        format.relocate(stream, farthest, sums)?;
        let means = Means {
            stream,
            format: &format,
            sums: &format.view(sums),
        };
        next.shift = means.move_centers(centers);
        next.iterations += 1;
    }
    *state = next;
    Ok(())
}

impl<'a> Pass<'a> {
    fn of(
        stream: &'a Stream<'a>,
        format: &'a Format,
        sums: &'a View<'a>,
        options: &'a Options<'a>,
        state: &State,
    ) -> Self {
        Pass {
            means: Means {
                stream,
                format,
                sums,
            },
            options,
            iterations: state.iterations,
            shift: state.shift,
        }
    }

    /// The state after this pass, before the centers move.
    fn state(&self, stopped_by: Option<StoppedBy>, before: &State) -> State {
        let sums = self.means.sums;
        State {
            stopped_by,
            moved: match self.compared() {
                _ if self.iterations == 0 => 0,
                true => sums.moved,
                false => -1,
            },
            empty_clusters: sums.empty() as i64,
            inertia: sums.inertia(self.means.stream.total),
            ..*before
        }
    }

    fn refuse_empty(&self) -> Result<(), Error> {
        match self.empty() {
            Some(j) if self.options.empty == Empty::Error => {
                refuse!(Empty, "cluster {j} has no point of positive weight")
            }
            _ => Ok(()),
        }
    }
}
