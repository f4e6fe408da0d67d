//! The calls for many fits at once.

use core::ffi::c_void;

use super::arguments::{answer, call, choice, input, matrix, memory, output};
use super::checks::{Elements, Sizes};
use super::options::{Chosen, Weights};
use super::structs::{read, struct_size};
use super::types::*;
use super::whole::{fit_within, FitResults};
use crate::api::{FitSizes, ManyFits};
use crate::call::{Options, Progress};
use crate::points::{extent, CoordinateType, Form, Layout};
use crate::runtime::error::{refuse, Error};
use crate::runtime::fp_environment::Standard;

// SAFETY: what a problem points to is lent to the call, on whichever thread it works.
unsafe impl Send for centra_problem {}
// SAFETY: the same.
unsafe impl Sync for centra_problem {}

/// Bytes of workspace that centra_fit_many needs for these problems and options. Of the problems, n, d and k are read,
/// and whether weights is NULL; problems with sizes that will be refused need none.
///
/// Options used: layout, threads, init, n_init, algorithm, and whether progress is NULL.
///
/// @param problems  count problems.
/// @param count  the number of problems.
/// @param options  NULL for the defaults.
/// @param bytes  receives the number of bytes.
///
/// @return CENTRA_OK, or CENTRA_ERR_SHAPE, CENTRA_ERR_NULL, CENTRA_ERR_OPTION with *bytes untouched. Any thread may
///     call it.
///
/// # Safety
/// `problems` is NULL or points to `count` problems; `options` is NULL or points to as many bytes as its struct_size says; `bytes` is NULL
/// or writable.
#[no_mangle]
pub unsafe extern "C" fn centra_fit_many_workspace_size(
    problems: *const centra_problem,
    count: usize,
    options: *const centra_options,
    bytes: *mut usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            Sizes::Problems { count },
            (
                input("problems", problems, Elements::Points),
                choice(options, Weights::Unseen),
                answer("bytes", bytes),
            ),
            |(problems, chosen, bytes), _| {
                check_versions(problems)?;
                bytes.write(plan(problems, &chosen)?.bytes()?);
                Ok(CENTRA_OK)
            },
        )
    }
}

/// Fits many problems, such as the groups of a table, the tiles of a picture or the codebooks of a product
/// quantization: each result is that of its own centra_fit, bit for bit. One team of threads serves all; where there
/// are at least as many problems as threads, and there is no progress callback, each thread fits one problem at a time,
/// else all threads fit one problem after the other.
///
/// Options used: init, empty, layout, label_base, threads, parallel, n_init, max_iter, tol, algorithm, progress. Of
/// weights and seed each problem has its own.
///
/// @param problems  count problems; each status is written, and what a problem's members name. The outputs of a problem
///     overlap nothing else.
/// @param count  the number of problems.
/// @param options  NULL for the defaults; for all problems. A progress callback does not learn which problem it is
///     called for, but they are fitted in their order; a return value other than 0 stops the fit of the current
///     problem.
/// @param workspace, workspace_bytes  a buffer of at least centra_fit_many_workspace_size bytes, aligned to 16 as
///     malloc's is; with threads = 1 the call then allocates nothing. Or NULL and 0: the call allocates it.
///
/// A problem that is refused keeps its outputs, and the others are fitted. Returns the status of the first problem that
/// was refused, which centra_error_detail names as "problem 7: ..", counted from 0; else CENTRA_CANCELLED, if the
/// callback stopped any fit; else CENTRA_OK. If the call itself is refused, for want of memory, for its own arguments,
/// or because outputs of several problems overlap, every output is untouched, each status too.
///
/// # Safety
/// The pointers are as described, and nobody writes to them during the call.
#[no_mangle]
pub unsafe extern "C" fn centra_fit_many(
    problems: *mut centra_problem,
    count: usize,
    options: *const centra_options,
    workspace: *mut c_void,
    workspace_bytes: usize,
) -> i32 {
    // SAFETY: the contract.
    unsafe {
        call(
            Sizes::Problems { count },
            (
                output("problems", problems, Elements::Points),
                choice(options, Weights::Unseen),
                memory(workspace, workspace_bytes),
            ),
            |(problems, chosen, given), environment| {
                check_versions(problems)?;
                let of_all = OfAll(read("options", options, centra_options::new())?);
                let own = [
                    (
                        Name::Problems,
                        problems.as_ptr() as usize,
                        size_of_val(problems),
                    ),
                    (Name::Workspace, workspace as usize, workspace_bytes),
                    (Name::Options, options as usize, of_all.0.struct_size),
                ];
                let fits = plan(problems, &chosen)?;
                let refused = fits.run(
                    problems,
                    &chosen.options,
                    given,
                    |problems, spare| check_apart(problems, &own, chosen.layout, spare),
                    |problem, room| {
                        let options = of_all.of(problem, fits.threads);
                        // By the contract, and what problems write is apart.
                        let result = fit_one(environment, problem, &options, room);
                        problem.status = match &result {
                            Ok(status) => *status,
                            Err(error) => error.status() as i32,
                        };
                        result.map(drop)
                    },
                )?;
                if let Some((index, error)) = refused {
                    let detail = format_args!("problem {index}: {}", error.detail());
                    return Err(Error::new(error.status(), detail));
                }
                let cancelled = |problem: &centra_problem| problem.status == CENTRA_CANCELLED;
                Ok(match problems.iter().any(cancelled) {
                    true => CENTRA_CANCELLED,
                    false => CENTRA_OK,
                })
            },
        )
    }
}

/// The options of the call, of which each problem has a copy of its own.
struct OfAll(centra_options);

// SAFETY: its pointers are copied only: a progress callback is called on the calling thread, which fits one problem after the other then.
unsafe impl Sync for OfAll {}

impl OfAll {
    fn of(&self, problem: &centra_problem, threads: usize) -> centra_options {
        centra_options {
            struct_size: size_of::<centra_options>(),
            // As many as the option has, or 1.
            threads: threads as i32,
            seed: problem.seed,
            weights: problem.weights,
            ..self.0
        }
    }
}

/// Fits a problem.
///
/// # Safety
/// As for [`centra_fit`](super::centra_fit).
unsafe fn fit_one(
    environment: &Standard,
    problem: &centra_problem,
    options: &centra_options,
    room: &mut [f64],
) -> Result<i32, Error> {
    let &centra_problem {
        points,
        n,
        d,
        ld,
        k,
        centers,
        labels,
        report,
        ..
    } = problem;
    let results = FitResults {
        centers,
        labels,
        report,
    };
    let memory = memory(room.as_mut_ptr().cast(), size_of_val(room));
    let sizes = Sizes::Fit { n, d, k };
    // SAFETY: the contract.
    unsafe {
        fit_within(
            environment,
            sizes,
            matrix(points, ld),
            options,
            results,
            memory,
        )
    }
}

/// Refuses problems of another version of the struct.
fn check_versions(problems: &[centra_problem]) -> Result<(), Error> {
    let known = size_of::<centra_problem>();
    let other = |problem: &centra_problem| problem.struct_size != known;
    match problems.iter().position(other) {
        Some(index) => refuse!(
            Option,
            "problem {index}: struct_size is {}, and this library knows {known}",
            problems[index].struct_size
        ),
        None => Ok(()),
    }
}

/// What the fits take, and the list of their memory.
fn plan(problems: &[centra_problem], chosen: &Chosen<'_>) -> Result<ManyFits, Error> {
    // Whether there is a callback is all that matters of it here.
    let silent = |_: &Progress| false;
    let options = Options {
        progress: chosen.has_progress().then_some(&silent),
        ..chosen.options.clone()
    };
    let form = Form::of(chosen.layout, CoordinateType::F64);
    let sizes = problems.iter().map(|problem| {
        let &centra_problem { n, d, k, .. } = problem;
        let sound = Sizes::Fit { n, d, k }.check().is_ok();
        sound.then_some(FitSizes {
            n,
            d,
            k,
            form,
            weighted: !problem.weights.is_null(),
        })
    });
    let numbers =
        (problems.len() + 1).saturating_mul(OF_EACH * size_of::<Stretch>() / size_of::<usize>());
    ManyFits::new(sizes, &options, numbers)
}

/// Arguments, as far as they have memory that others may overlap.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Name {
    Points,
    Weights,
    Centers,
    Labels,
    Report,
    Problems,
    Workspace,
    Options,
}

impl Name {
    const ALL: [(Name, &str); 8] = [
        (Name::Points, "points"),
        (Name::Weights, "weights"),
        (Name::Centers, "centers"),
        (Name::Labels, "labels"),
        (Name::Report, "report"),
        (Name::Problems, "problems"),
        (Name::Workspace, "workspace"),
        (Name::Options, "options"),
    ];

    fn is_written(self) -> bool {
        !matches!(self, Name::Points | Name::Weights | Name::Options)
    }
}

/// Where some bytes start and end, and whose they are, as plain numbers: the owner, 0 for the call and 1 more than its index for a problem,
/// times the number of names, and the name's index.
type Stretch = [usize; 3];

/// The most stretches of a problem, and of the call.
const OF_EACH: usize = 5;

/// Refuses problems that write what another one reads or writes, or what the call does. What a problem writes and reads itself is
/// checked when it is fitted; problems that will be refused write nothing.
fn check_apart(
    problems: &[centra_problem],
    own: &[(Name, usize, usize)],
    layout: Layout,
    room: &mut [usize],
) -> Result<(), Error> {
    let (room, _) = room.as_chunks_mut::<3>();
    let mut count = 0;
    let mut add = |owner: usize, (name, start, bytes): (Name, usize, usize)| {
        if let (Some(end), true) = (start.checked_add(bytes), start > 0 && bytes > 0) {
            room[count] = [start, end, owner * Name::ALL.len() + name as usize];
            count += 1;
        }
    };
    for &stretch in own {
        add(0, stretch);
    }
    for (problem, owner) in problems.iter().zip(1..) {
        for stretch in stretches(problem, layout).into_iter().flatten() {
            add(owner, stretch);
        }
    }
    match first_overlap(&mut room[..count]) {
        Some((a, b)) => overlap(a, b),
        None => Ok(()),
    }
}

/// Two stretches of different owners, one of which is written, that overlap.
fn first_overlap(stretches: &mut [Stretch]) -> Option<(Stretch, Stretch)> {
    stretches.sort_unstable();
    let (mut used, mut written) = (Reach::default(), Reach::default());
    for &stretch in &*stretches {
        let (owner, name) = owner_of(stretch);
        let before = if name.is_written() { &used } else { &written };
        if let Some(other) = before.over(stretch[0], owner) {
            return Some((stretch, other));
        }
        used.add(stretch);
        if name.is_written() {
            written.add(stretch);
        }
    }
    None
}

/// The memory of a problem, if its sizes are sound.
fn stretches(problem: &centra_problem, layout: Layout) -> [Option<(Name, usize, usize)>; OF_EACH] {
    let &centra_problem { n, d, k, ld, .. } = problem;
    let sound = Sizes::Fit { n, d, k }.check().is_ok();
    let Some(elements) = extent(n, d, ld, layout).filter(|_| sound) else {
        return [None; OF_EACH];
    };
    let report = problem.report;
    let of_report = match report.is_null() || !report.is_aligned() {
        true => 0,
        // SAFETY: not null, aligned, and a report by the contract.
        false => unsafe { struct_size(report) },
    };
    let doubles = size_of::<f64>();
    [
        Some((Name::Points, problem.points as usize, doubles * elements)),
        Some((Name::Weights, problem.weights as usize, doubles * n)),
        Some((Name::Centers, problem.centers as usize, doubles * k * d)),
        Some((Name::Labels, problem.labels as usize, size_of::<i32>() * n)),
        Some((Name::Report, report as usize, of_report)),
    ]
}

fn owner_of([_, _, tag]: Stretch) -> (usize, Name) {
    (tag / Name::ALL.len(), Name::ALL[tag % Name::ALL.len()].0)
}

/// Of the stretches so far the one that ends last, and of those of others that which ends last.
#[derive(Default)]
struct Reach([Option<Stretch>; 2]);

impl Reach {
    /// A stretch of another owner that ends after `start`.
    fn over(&self, start: usize, owner: usize) -> Option<Stretch> {
        let others = |stretch: &Stretch| owner_of(*stretch).0 != owner && stretch[1] > start;
        self.0.into_iter().flatten().find(others)
    }

    fn add(&mut self, stretch: Stretch) {
        let ends_later = |than: Option<Stretch>| than.is_none_or(|than| stretch[1] > than[1]);
        let is_of =
            |of: Option<Stretch>| of.is_some_and(|of| owner_of(of).0 == owner_of(stretch).0);
        let [first, second] = &mut self.0;
        if ends_later(*first) {
            if !is_of(*first) {
                *second = *first;
            }
            *first = Some(stretch);
        } else if !is_of(*first) && ends_later(*second) {
            *second = Some(stretch);
        }
    }
}

/// The refusal of two stretches that overlap.
fn overlap(a: Stretch, b: Stretch) -> Result<(), Error> {
    let ((owner, name), (other, theirs)) = (owner_of(a), owner_of(b));
    // The later problem is named first.
    let (owner, name, other, theirs) = match owner > other {
        true => (owner, name, other, theirs),
        false => (other, theirs, owner, name),
    };
    let (name, theirs) = (Name::ALL[name as usize].1, Name::ALL[theirs as usize].1);
    match other.checked_sub(1) {
        Some(other) => refuse!(
            Alias,
            "problem {}: {name} overlaps {theirs} of problem {other}",
            owner - 1
        ),
        None => refuse!(Alias, "problem {}: {name} overlaps {theirs}", owner - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::{first_overlap, owner_of, Name, Stretch};

    /// The sweep finds an overlap where comparing every two stretches does.
    #[test]
    fn a_sweep_finds_what_all_pairs_have() {
        let mut state = 1u64;
        let mut below = |most: usize| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            (state >> 33) as usize % most
        };
        let mut found = [0; 2];
        for _ in 0..20_000 {
            let (count, room) = (2 + below(9), 10 + below(200));
            let mut stretches: Vec<Stretch> = (0..count)
                .map(|_| {
                    let start = 1 + below(room);
                    let tag = below(4) * Name::ALL.len() + below(Name::ALL.len());
                    [start, start + 1 + below(12), tag]
                })
                .collect();
            let collide = |a: &Stretch, b: &Stretch| {
                let ((a_owner, a_name), (b_owner, b_name)) = (owner_of(*a), owner_of(*b));
                let written = a_name.is_written() || b_name.is_written();
                a_owner != b_owner && written && a[0] < b[1] && b[0] < a[1]
            };
            let any = stretches
                .iter()
                .any(|a| stretches.iter().any(|b| collide(a, b)));
            let swept = first_overlap(&mut stretches);
            assert_eq!(swept.is_some(), any, "{stretches:?}");
            if let Some((a, b)) = swept {
                assert!(collide(&a, &b), "{a:?}, {b:?}");
            }
            found[usize::from(any)] += 1;
        }
        assert!(found[0] > 1000 && found[1] > 1000, "{found:?}");
    }
}
