//! Many fits at once.

use super::fit::FitMemory;
use super::memory::Memory;
use crate::call::{Options, Shape};
use crate::points::Form;
use crate::runtime::error::Error;
use crate::runtime::threads::{with_crew, worthwhile, PerThread};
use crate::runtime::workspace::{Cut, Ruler, Workspace};

/// Pieces of work for each thread, so that all of them end at about the same time.
const PIECES: usize = 16;

/// The sizes of one fit.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct FitSizes {
    pub(crate) n: usize,
    pub(crate) d: usize,
    pub(crate) k: usize,
    pub(crate) form: Form,
    pub(crate) weighted: bool,
}

/// How many fits are done, and what they take.
pub(crate) struct ManyFits {
    /// The threads that do fits: several, each of which does one fit at a time by itself; or the calling one, fit by fit.
    side_by_side: usize,
    /// The threads of each fit, as an option of it.
    pub(crate) threads: usize,
    /// Bytes that suffice for any of the fits.
    each: usize,
    /// Numbers for the caller.
    spare: usize,
}

/// The memory of the call.
struct ManyParts<'w> {
    spare: &'w mut [usize],
    workers: PerThread<Worker<'w>>,
}

/// A thread that does fits.
struct Worker<'w> {
    room: &'w mut [f64],
    /// The first of its fits that was refused.
    refused: Option<(usize, Error)>,
}

impl ManyFits {
    /// For these fits, whose sizes are sound; `spare` numbers of the memory are for the caller. Where there are at least as many fits as
    /// threads, and nobody watches them, each is done by one thread.
    pub(crate) fn new(
        fits: impl ExactSizeIterator<Item = Option<FitSizes>> + Clone,
        options: &Options<'_>,
        spare: usize,
    ) -> Result<Self, Error> {
        let work = |fit: FitSizes| (fit.n as u128) * (fit.d as u128) * (fit.k as u128);
        let all = fits.clone().flatten().map(work);
        let most = worthwhile(options.threads, all.fold(0, u128::saturating_add));
        let apart = options.progress.is_none() && most <= fits.len();
        let (side_by_side, threads) = match apart {
            true => (most, 1),
            false => (1, options.threads),
        };
        let (mut each, mut last) = (0, None);
        for fit in fits.flatten() {
            // Most fits have the sizes of the one before.
            if last == Some(fit) {
                continue;
            }
            last = Some(fit);
            let FitSizes { n, d, k, form, .. } = fit;
            let shape = Shape::of_assign(n, d, k, form, threads);
            let memory = FitMemory::new(&shape, fit.weighted, options)?;
            each = each.max(memory.bytes(&shape)?);
        }
        Ok(ManyFits {
            side_by_side,
            threads,
            each,
            spare,
        })
    }

    fn cut<'w>(&self, from: &mut impl Cut<'w>, threads: usize) -> ManyParts<'w> {
        let room = self.each.div_ceil(size_of::<f64>());
        ManyParts {
            spare: from.take(self.spare),
            workers: PerThread::new(threads, || Worker {
                room: from.take(room),
                refused: None,
            }),
        }
    }

    /// The bytes of a workspace for all.
    pub(crate) fn bytes(&self) -> Result<usize, Error> {
        let mut ruler = Ruler::default();
        self.cut(&mut ruler, self.side_by_side);
        ruler.bytes()
    }

    /// Calls `check` with the caller's numbers, and then `fit` with each of the fits and memory for its workspace. Returns the first fit that
    /// was refused.
    pub(crate) fn run<P: Send>(
        &self,
        fits: &mut [P],
        options: &Options<'_>,
        workspace: Workspace<'_>,
        check: impl FnOnce(&[P], &mut [usize]) -> Result<(), Error>,
        fit: impl Fn(&mut P, &mut [f64]) -> Result<(), Error> + Sync,
    ) -> Result<Option<(usize, Error)>, Error> {
        workspace.with(self.bytes()?, |mut buffer| {
            with_crew(self.side_by_side, options.lent, |crew| {
                let ManyParts { spare, mut workers } = self.cut(&mut buffer, crew.threads());
                check(fits, spare)?;
                let piece = (fits.len() / (PIECES * crew.threads())).max(1);
                let pieces = fits.chunks_mut(piece).zip((0..).step_by(piece));
                crew.run(pieces, &mut workers, |worker, (fits, first)| {
                    for (one, index) in fits.iter_mut().zip(first..) {
                        let result = fit(one, worker.room);
                        // A thread takes pieces in ascending order.
                        if let (Err(error), None) = (result, &worker.refused) {
                            worker.refused = Some((index, error));
                        }
                    }
                });
                let refused = workers
                    .iter_mut()
                    .filter_map(|worker| worker.refused.take());
                Ok(refused.min_by_key(|(index, _)| *index))
            })
        })
    }
}
