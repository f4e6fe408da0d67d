//! The checks of all calls, in one order. A call states its sizes and arguments; this file decides what is refused, and with which
//! message:
//!
//! 1. sizes: `SHAPE`;
//! 2. pointers that are null or not aligned, in the order of the arguments: `NULL`;
//! 3. options, their size first: `OPTION`; and whether their weights are aligned: `NULL`;
//! 4. the leading dimensions: `SHAPE`;
//! 5. numbers that are not sizes, and sizes of structs, in the order of the arguments;
//! 6. the range of a stream: `RANGE`;
//! 7. arguments that overlap, or that wrap around the address space: `ALIAS`.
//!
//! Later causes are refused when views are made (a state, then the workspace: `WORKSPACE`) and by the call itself,
//! which reads the data. So the first cause in this order is reported, whatever else is wrong.

use core::slice::from_raw_parts;

use super::options::Chosen;
use super::structs::{members_of, read, struct_size};
use super::types::*;
use crate::points::{
    check_distance_rows, check_k, check_leading_dimension, check_sizes, check_sizes_of_fit, extent,
    CoordinateType,
};
use crate::runtime::error::{refuse, Error, Status};
use crate::stream::{self, Stream};

/// The sizes of a call; the variants differ in what is required.
#[derive(Clone, Copy)]
pub(super) enum Sizes {
    /// Only a number of centers.
    Centers { k: usize },
    /// Any number of points, without centers.
    Dimensions { n: usize, d: usize },
    /// Any number of points, and given centers.
    Points { n: usize, d: usize, k: usize },
    /// So many problems.
    Problems { count: usize },
    /// Points from which centers are computed: k <= n.
    Fit { n: usize, d: usize, k: usize },
    /// A stream, without points.
    Stream { total: i64, d: usize, k: usize },
    /// A chunk of a stream.
    Chunk {
        n: usize,
        total: i64,
        d: usize,
        k: usize,
    },
}

/// Sizes that passed the checks; those that a call does not have are 0.
#[derive(Clone, Copy)]
pub(super) struct Sound {
    pub(super) n: usize,
    pub(super) total: usize,
    pub(super) d: usize,
    pub(super) k: usize,
}

impl Sizes {
    pub(super) fn check(self) -> Result<Sound, Error> {
        let (n, total, d, k) = match self {
            Sizes::Centers { k } => (0, 0, 0, k),
            Sizes::Problems { count } => (count, 0, 0, 0),
            Sizes::Dimensions { n, d } => (n, 0, d, 0),
            Sizes::Points { n, d, k } | Sizes::Fit { n, d, k } => (n, 0, d, k),
            Sizes::Stream { total, d, k } => (0, counted(total)?, d, k),
            Sizes::Chunk { n, total, d, k } => (n, counted(total)?, d, k),
        };
        match self {
            Sizes::Centers { .. } => check_k(k)?,
            Sizes::Problems { count } => check_count(count)?,
            Sizes::Dimensions { .. } => {
                stream::range_length(d)?;
                stream::check_chunk_size(n, d)?;
            }
            Sizes::Points { .. } => check_sizes(n, d, k)?,
            Sizes::Fit { .. } => check_sizes_of_fit(n, d, k)?,
            Sizes::Stream { .. } => stream::check_sizes(total, d, k)?,
            Sizes::Chunk { .. } => {
                stream::check_sizes(total, d, k)?;
                stream::check_chunk_size(n, d)?;
            }
        }
        Ok(Sound { n, total, d, k })
    }
}

/// The number of points of all chunks.
fn counted(total: i64) -> Result<usize, Error> {
    match usize::try_from(total) {
        Ok(total) => Ok(total),
        Err(_) => refuse!(
            Shape,
            "total = {total} is negative, or more than this machine can count"
        ),
    }
}

/// Refuses more problems than memory could hold.
fn check_count(count: usize) -> Result<(), Error> {
    match count.checked_mul(size_of::<centra_problem>()) {
        Some(bytes) if bytes <= isize::MAX as usize => Ok(()),
        _ => refuse!(
            Shape,
            "count = {count}: the problems do not fit the address space"
        ),
    }
}

/// The number of elements of an array.
#[derive(Clone, Copy)]
pub(super) enum Elements {
    One,
    /// n, or the count of problems.
    Points,
    /// k.
    Clusters,
    /// k d.
    Centers,
    /// 3 (d + 1).
    Range,
    /// The digits of masses.
    Masses,
    /// So many candidates: count d.
    Candidates(usize),
    /// The most candidates that a round draws: (3 k + 32) d.
    Drawn,
    /// The length of the sums, which the range of the stream determines.
    Sums,
    /// As many as the caller says a list of points has.
    Listed(usize),
    /// The length of the weights of so many candidates, which the range determines too.
    CandidateWeights(usize),
}

impl Elements {
    /// The number, once the sizes are sound; what depends on a stream's range is 1 while there is no stream.
    fn count(self, sizes: &Sound, stream: Option<&Stream<'_>>) -> Result<usize, Error> {
        let &Sound { n, d, k, .. } = sizes;
        match (self, stream) {
            (Elements::One, _) => Ok(1),
            (Elements::Points, _) => Ok(n),
            (Elements::Clusters, _) => Ok(k),
            (Elements::Centers, _) => Ok(k * d),
            (Elements::Range, _) => stream::range_length(d),
            (Elements::Masses, _) => Ok(CENTRA_STREAM_MASS_DIGITS),
            (Elements::Candidates(count), _) => rows("count", count, d),
            (Elements::Drawn, _) => rows("3 k + 32", stream::candidates(k).0, d),
            (Elements::Listed(length), _) if length <= isize::MAX as usize / 8 => Ok(length),
            (Elements::Listed(length), _) => refuse!(
                Shape,
                "length = {length}: the list does not fit the address space"
            ),
            (Elements::Sums, Some(stream)) => stream.sums_length(),
            (Elements::CandidateWeights(count), Some(stream)) => stream.weights_length(count),
            (Elements::Sums | Elements::CandidateWeights(_), None) => Ok(1),
        }
    }
}

/// The elements of `count` rows of d.
fn rows(name: &str, count: usize, d: usize) -> Result<usize, Error> {
    match count.checked_mul(d) {
        Some(elements) if elements <= isize::MAX as usize / size_of::<f64>() => Ok(elements),
        _ => refuse!(
            Shape,
            "{name} = {count}: the candidates do not fit the address space"
        ),
    }
}

/// The kind of an argument: what is checked besides null and alignment.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// So many elements.
    Array(Elements),
    /// n points of d, with coordinates of this type, this far apart.
    Points {
        ld: usize,
        coordinates: CoordinateType,
    },
    /// n rows of k squared distances, this far apart.
    Distances { ld: usize },
    /// The weights of the options, one for each point, if they are used; the options hold the pointer.
    Weights { used: bool },
    /// As many bytes as its size says, at least those that are read.
    Options,
    /// The range of a stream.
    Range,
    /// As many bytes as its size says.
    Report,
    /// Of this library's size.
    State,
    /// So many bytes; their alignment is checked when they are used.
    Workspace { bytes: usize },
    /// A number: the sum of some of these.
    Flags { value: i32, known: i32 },
    /// A number that is not negative.
    Index { value: i64 },
}

/// What a call does to the memory of an argument.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Access {
    Read,
    /// It is written, and must not overlap anything.
    Written,
    /// It is written after everything else has been read, and may overlap it.
    Answered,
}

/// An argument: its name in the header, its address, and what is required of it.
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) at: *const u8,
    pub(super) kind: Kind,
    access: Access,
    required: bool,
    /// Bytes of an element, and what they are aligned to.
    element: usize,
    alignment: usize,
    /// The number of elements required; 1 for a struct.
    expected: usize,
    /// Bytes in use, as far as they are known by now.
    bytes: usize,
}

impl Entry {
    pub(super) fn new<T>(name: &'static str, at: *const T, access: Access, kind: Kind) -> Self {
        Entry {
            name,
            at: at.cast(),
            // Other kinds may be null, or are not pointers.
            required: matches!(
                kind,
                Kind::Array(_)
                    | Kind::Points { .. }
                    | Kind::Distances { .. }
                    | Kind::Range
                    | Kind::State
            ),
            access,
            kind,
            element: size_of::<T>(),
            alignment: align_of::<T>(),
            expected: 0,
            bytes: 0,
        }
    }

    /// The same, refused if null only if it is `required`.
    pub(super) fn required(self, required: bool) -> Self {
        Entry { required, ..self }
    }

    /// Elements of the array, as checked; none where it is absent.
    pub(super) fn elements(&self) -> usize {
        self.bytes / self.element
    }

    /// Bytes in use, as checked; none where it is absent.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Sets the bytes in use to so many elements; to 0, if the argument is absent.
    fn measure(&mut self, elements: usize) {
        self.bytes = match self.at.is_null() {
            true => 0,
            false => elements.saturating_mul(self.element),
        };
    }

    /// Refuses a pointer to expected elements that is null, and one that is misaligned.
    fn check_pointer(&self) -> Result<(), Error> {
        let name = self.name;
        if self.at.is_null() {
            return match self.required && self.expected > 0 {
                true => refuse!(Null, "{name}: null"),
                false => Ok(()),
            };
        }
        if !(self.at as usize).is_multiple_of(self.alignment) {
            return refuse!(Null, "{name}: not aligned to {} bytes", self.alignment);
        }
        Ok(())
    }
}

/// The most arguments with something to check that a call has.
pub(super) const ROOM: usize = 12;

/// The arguments of a call, in the order of the header; weights come before the options that have them.
pub(super) struct List<'e> {
    entries: [Option<&'e mut Entry>; ROOM],
    length: usize,
    /// The places of arguments that are checked out of order; absent, if not below `length`.
    weights: usize,
    options: usize,
    range: usize,
}

impl<'e> List<'e> {
    pub(super) fn new() -> Self {
        List {
            entries: [const { None }; ROOM],
            length: 0,
            weights: ROOM,
            options: ROOM,
            range: ROOM,
        }
    }

    /// Adds an argument; there is room, see [`call`](super::arguments::call).
    pub(super) fn add(&mut self, entry: &'e mut Entry) {
        match entry.kind {
            Kind::Weights { .. } => self.weights = self.length,
            Kind::Options => self.options = self.length,
            Kind::Range => self.range = self.length,
            _ => {}
        }
        self.entries[self.length] = Some(entry);
        self.length += 1;
    }

    fn at(&mut self, index: usize) -> Option<&mut Entry> {
        self.entries.get_mut(index)?.as_deref_mut()
    }

    fn iter(&self) -> impl Iterator<Item = &Entry> + use<'_, 'e> {
        self.entries[..self.length]
            .iter()
            .flatten()
            .map(|entry| &**entry)
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> + use<'_, 'e> {
        self.entries[..self.length]
            .iter_mut()
            .flatten()
            .map(|entry| &mut **entry)
    }
}

/// What was found in the arguments.
pub(super) struct Context<'a> {
    pub(super) sizes: Sound,
    pub(super) chosen: Chosen<'a>,
    pub(super) stream: Option<Stream<'a>>,
}

/// Checks the arguments of a call in the order above, and measures them.
///
/// # Safety
/// What is neither null nor misaligned points to the memory that the header asks for, for `'a`.
pub(super) unsafe fn check<'a>(sizes: Sizes, list: &mut List<'_>) -> Result<Context<'a>, Error> {
    let sizes = sizes.check()?;
    for entry in list.iter_mut() {
        entry.expected = match entry.kind {
            Kind::Array(elements) => elements.count(&sizes, None)?,
            Kind::Points { .. } | Kind::Distances { .. } | Kind::Weights { .. } => sizes.n,
            _ => 1,
        };
    }
    for entry in list.iter_mut() {
        entry.check_pointer()?;
        if let Kind::Array(_) = entry.kind {
            entry.measure(entry.expected);
        }
    }
    // SAFETY: the contract, and the options are aligned.
    let chosen = unsafe { check_options(list)? };
    check_leading_dimensions(&sizes, list, &chosen)?;
    for entry in list.iter_mut() {
        // SAFETY: the contract, and the structs are aligned.
        unsafe { check_value(entry)? };
    }
    // SAFETY: the contract, and the range is aligned and not null.
    let stream = unsafe { check_range(&sizes, list)? };
    check_overlap(list)?;
    Ok(Context {
        sizes,
        chosen,
        stream,
    })
}

/// What the options say, or the defaults; finds the weights.
///
/// # Safety
/// As for [`check`], and the options are null or aligned.
unsafe fn check_options<'a>(list: &mut List<'_>) -> Result<Chosen<'a>, Error> {
    let Some(entry) = list.at(list.options) else {
        return Ok(Chosen::defaults());
    };
    // SAFETY: the contract.
    let raw = unsafe { read(entry.name, entry.at.cast(), centra_options::new())? };
    let mut chosen = Chosen::new(&raw)?;
    if !entry.at.is_null() {
        entry.bytes = raw.struct_size;
    }
    let Some(entry) = list.at(list.weights) else {
        return Ok(chosen);
    };
    entry.at = raw.weights.cast();
    entry.check_pointer()?;
    if matches!(entry.kind, Kind::Weights { used: true }) && chosen.weighted {
        entry.measure(entry.expected);
        // SAFETY: not null, aligned, and so many doubles by the contract.
        chosen.options.weights = Some(unsafe { from_raw_parts(raw.weights, entry.expected) });
    }
    Ok(chosen)
}

/// Refuses leading dimensions that do not suit the layout or the number of centers.
fn check_leading_dimensions(
    sizes: &Sound,
    list: &mut List<'_>,
    chosen: &Chosen<'_>,
) -> Result<(), Error> {
    let &Sound { n, d, k, .. } = sizes;
    for entry in list.iter_mut() {
        match entry.kind {
            Kind::Points { ld, .. } => {
                check_leading_dimension(n, d, ld, chosen.layout)?;
                entry.measure(extent(n, d, ld, chosen.layout).unwrap_or(usize::MAX));
            }
            Kind::Distances { ld } => entry.measure(check_distance_rows(n, k, ld)?),
            _ => {}
        }
    }
    Ok(())
}

/// Refuses invalid numbers, and unknown sizes of structs.
///
/// # Safety
/// As for [`check`], and structs are null or aligned.
unsafe fn check_value(entry: &mut Entry) -> Result<(), Error> {
    let name = entry.name;
    match entry.kind {
        Kind::Flags { value, known } if value & !known != 0 => {
            refuse!(
                Option,
                "{name}: {value} is not a combination of CENTRA_STREAM_*"
            )
        }
        Kind::Index { value } if value < 0 => refuse!(Shape, "{name} = {value} is negative"),
        Kind::Report if !entry.at.is_null() => {
            // SAFETY: the contract.
            entry.bytes = unsafe { members_of(name, entry.at.cast::<centra_report>())? };
            Ok(())
        }
        Kind::State => {
            // SAFETY: the contract; a state is not null.
            let size = unsafe { struct_size(entry.at.cast::<centra_stream_state>()) };
            let known = size_of::<centra_stream_state>();
            if size != known {
                return refuse!(
                    Option,
                    "{name}: struct_size is {size}, and this library knows {known}; initialise it by centra_stream_state_init"
                );
            }
            entry.bytes = known;
            Ok(())
        }
        Kind::Workspace { bytes } => {
            entry.measure(bytes);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The stream of these sizes and this range, and what depends on it.
///
/// # Safety
/// As for [`check`], and the range is aligned and not null.
unsafe fn check_range<'a>(sizes: &Sound, list: &mut List<'_>) -> Result<Option<Stream<'a>>, Error> {
    let Some(entry) = list.at(list.range) else {
        return Ok(None);
    };
    let &Sound { total, d, k, .. } = sizes;
    let length = stream::range_length(d)?;
    entry.measure(length);
    // SAFETY: not null, aligned, and so many integers by the contract.
    let range = unsafe { from_raw_parts(entry.at.cast::<i32>(), length) };
    let stream = Stream::new(total, d, k, range)?;
    for entry in list.iter_mut() {
        if let Kind::Array(elements @ (Elements::Sums | Elements::CandidateWeights(_))) = entry.kind
        {
            let elements = elements.count(sizes, Some(&stream))?;
            entry.measure(elements);
        }
    }
    Ok(Some(stream))
}

/// Refuses outputs that overlap anything but an answer, and arguments that wrap around the address space.
fn check_overlap(list: &List<'_>) -> Result<(), Error> {
    for (i, a) in list.iter().enumerate() {
        let (start, bytes) = (a.at as usize, a.bytes);
        if a.access == Access::Answered || bytes == 0 {
            continue;
        }
        if start.checked_add(bytes).is_none() {
            let status = match a.kind {
                Kind::Workspace { .. } => Status::Workspace,
                _ => Status::Shape,
            };
            let detail = format_args!("{}: does not fit the address space", a.name);
            return Err(Error::new(status, detail));
        }
        for b in list.iter().take(i).filter(|b| b.access != Access::Answered) {
            let apart = start + bytes <= b.at as usize || b.at as usize + b.bytes <= start;
            let written = a.access == Access::Written || b.access == Access::Written;
            if written && b.bytes > 0 && !apart {
                return refuse!(Alias, "{} overlaps {}", b.name, a.name);
            }
        }
    }
    Ok(())
}
