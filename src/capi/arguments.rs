//! The arguments of a call: each is stated once, by its name in the header. [`call`] turns all of them into views of the memory of the
//! caller, after [`check`](super::checks::check) has checked them.

use core::ffi::c_void;
use core::marker::PhantomData;
use core::slice::{from_raw_parts, from_raw_parts_mut};

use super::boundary::boundary;
use super::checks::{check, Access, Context, Elements, Entry, Kind, List, Sizes, ROOM};
use super::options::{Chosen, Weights};
use super::structs;
use super::types::*;
use crate::call::{Report, StoppedBy};
use crate::points::{Form, Points, RowsMut, Widen};
use crate::runtime::error::{refuse, Error};
use crate::runtime::fp_environment::Standard;
use crate::runtime::workspace::Workspace;
use crate::stream::{State, Stream};

/// Runs a call of these sizes and arguments: enters the boundary, checks, and hands the arguments' views to `body`, whose status
/// it returns.
///
/// # Safety
/// Every pointer that is neither null nor misaligned points to the memory that the header asks for, of which nobody else writes
/// anything, and reads nothing that is written, for `'a`.
pub(super) unsafe fn call<'a, A: Arguments<'a>>(
    sizes: Sizes,
    arguments: A,
    body: impl FnOnce(A::Views, &Standard) -> Result<i32, Error>,
) -> i32 {
    // SAFETY: the contract.
    boundary(|environment| unsafe { call_within(environment, sizes, arguments, body) })
}

/// The same inside the boundary of a call.
///
/// # Safety
/// As for [`call`].
pub(super) unsafe fn call_within<'a, A: Arguments<'a>>(
    environment: &Standard,
    sizes: Sizes,
    mut arguments: A,
    body: impl FnOnce(A::Views, &Standard) -> Result<i32, Error>,
) -> Result<i32, Error> {
    const { assert!(A::ENTRIES <= ROOM, "the list of arguments has no room") }
    let mut list = List::new();
    arguments.list(&mut list);
    // SAFETY: the contract.
    let mut context = unsafe { check(sizes, &mut list)? };
    context.chosen.lend(environment.caller());
    // SAFETY: the contract, and the arguments were checked.
    let views = unsafe { arguments.views(&context)? };
    body(views, environment)
}

/// The arguments of a call, in the order of the header.
pub(super) trait Arguments<'a> {
    type Views;
    /// How many there are to check.
    const ENTRIES: usize;

    fn list<'e>(&'e mut self, list: &mut List<'e>);

    /// # Safety
    /// As for [`call`], and [`check`] gave this context for these arguments.
    unsafe fn views(&self, context: &Context<'a>) -> Result<Self::Views, Error>;
}

macro_rules! tuples {
    ($(($($argument:ident)+))+) => { $(
        #[allow(non_snake_case)]
        impl<'a, $($argument: Argument<'a>),+> Arguments<'a> for ($($argument,)+) {
            type Views = ($($argument::View,)+);
            const ENTRIES: usize = 0 $(+ $argument::ENTRIES)+;

            fn list<'e>(&'e mut self, list: &mut List<'e>) {
                let ($($argument,)+) = self;
                $($argument.list(list);)+
            }

            unsafe fn views(&self, context: &Context<'a>) -> Result<Self::Views, Error> {
                let ($($argument,)+) = self;
                // SAFETY: the contract.
                Ok(unsafe { ($($argument.view(context)?,)+) })
            }
        }
    )+ };
}
tuples! {
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
    (A B C D E F G)
    (A B C D E F G H)
    (A B C D E F G H I)
    (A B C D E F G H I J)
}

/// An argument of a call in C, and the type as which the body of the call receives it.
pub(super) trait Argument<'a> {
    type View;
    const ENTRIES: usize;

    fn list<'e>(&'e mut self, list: &mut List<'e>);

    /// # Safety
    /// As for [`Arguments::views`].
    unsafe fn view(&self, context: &Context<'a>) -> Result<Self::View, Error>;
}

/// An argument that the body of a call receives as a `V`.
pub(super) struct Typed<V> {
    entry: Entry,
    view: PhantomData<V>,
}

impl<V> Typed<V> {
    fn new<T>(name: &'static str, at: *const T, access: Access, kind: Kind) -> Self {
        Typed {
            entry: Entry::new(name, at, access, kind),
            view: PhantomData,
        }
    }

    /// The argument as another type, and whether null is refused.
    fn retyped<W>(self, required: bool) -> Typed<W> {
        let entry = self.entry.required(required);
        Typed {
            entry,
            view: PhantomData,
        }
    }
}

impl<'a, V: View<'a>> Argument<'a> for Typed<V> {
    type View = V;
    const ENTRIES: usize = 1;

    fn list<'e>(&'e mut self, list: &mut List<'e>) {
        list.add(&mut self.entry);
    }

    unsafe fn view(&self, context: &Context<'a>) -> Result<V, Error> {
        // SAFETY: the contract.
        unsafe { V::of(&self.entry, context) }
    }
}

/// A type as which the body of a call receives an argument.
pub(super) trait View<'a>: Sized {
    /// # Safety
    /// The argument was checked with this context; its memory is that which [`call`] asks for.
    unsafe fn of(entry: &Entry, context: &Context<'a>) -> Result<Self, Error>;
}

/// A defect of this folder: an argument is received as a type that it does not have.
fn defect<T>(entry: &Entry) -> Result<T, Error> {
    refuse!(Internal, "{}: an argument of another kind", entry.name)
}

/// Elements that are read; the pointer may be null if there are none.
pub(super) fn input<'a, T>(name: &'static str, at: *const T, of: Elements) -> Typed<&'a [T]> {
    Typed::new(name, at, Access::Read, Kind::Array(of))
}

impl<'a, T> Typed<&'a [T]> {
    pub(super) fn optional(self) -> Typed<Option<&'a [T]>> {
        self.retyped(false)
    }
}

impl<'a, T> View<'a> for &'a [T] {
    unsafe fn of(entry: &Entry, _: &Context<'a>) -> Result<Self, Error> {
        Ok(match entry.elements() {
            0 => &[],
            // SAFETY: not null, as there are elements; aligned; and so many by the contract.
            elements => unsafe { from_raw_parts(entry.at.cast(), elements) },
        })
    }
}

/// Elements that are written, and in some calls read before; the pointer may be null if there are none.
pub(super) fn output<'a, T>(name: &'static str, at: *mut T, of: Elements) -> Typed<&'a mut [T]> {
    Typed::new(name, at, Access::Written, Kind::Array(of))
}

impl<'a, T> Typed<&'a mut [T]> {
    pub(super) fn optional(self) -> Typed<Option<&'a mut [T]>> {
        self.retyped(false)
    }

    pub(super) fn optional_unless(self, required: bool) -> Typed<Option<&'a mut [T]>> {
        self.retyped(required)
    }
}

impl<'a, T> View<'a> for &'a mut [T] {
    unsafe fn of(entry: &Entry, _: &Context<'a>) -> Result<Self, Error> {
        Ok(match entry.elements() {
            0 => &mut [],
            // SAFETY: not null, as there are elements; aligned; so many by the contract; they overlap no other argument.
            elements => unsafe { from_raw_parts_mut(entry.at.cast::<T>().cast_mut(), elements) },
        })
    }
}

impl<'a, V: View<'a>> View<'a> for Option<V> {
    unsafe fn of(entry: &Entry, context: &Context<'a>) -> Result<Self, Error> {
        match entry.at.is_null() {
            true => Ok(None),
            // SAFETY: the contract.
            false => unsafe { V::of(entry, context) }.map(Some),
        }
    }
}

/// The place of a value that a call writes.
pub(super) struct Place<'a, T> {
    to: *mut T,
    memory: PhantomData<&'a mut T>,
}

impl<T> Place<'_, T> {
    pub(super) fn write(self, value: T) {
        // SAFETY: an argument that was checked: not null, aligned, writable by the contract.
        unsafe { self.to.write(value) }
    }
}

/// One element that is written.
pub(super) fn one<'a, T>(name: &'static str, at: *mut T) -> Typed<Place<'a, T>> {
    Typed::new(name, at, Access::Written, Kind::Array(Elements::One))
}

/// One element that is written after everything else has been read.
pub(super) fn answer<'a, T>(name: &'static str, at: *mut T) -> Typed<Place<'a, T>> {
    Typed::new(name, at, Access::Answered, Kind::Array(Elements::One))
}

impl<'a, T> View<'a> for Place<'a, T> {
    unsafe fn of(entry: &Entry, _: &Context<'a>) -> Result<Self, Error> {
        Ok(Place {
            to: entry.at.cast::<T>().cast_mut(),
            memory: PhantomData,
        })
    }
}

/// The points of a call, or of a chunk.
pub(super) fn matrix<'a, C: Widen>(points: *const C, ld: usize) -> Typed<Points<'a>> {
    let coordinates = C::TYPE;
    let kind = Kind::Points { ld, coordinates };
    Typed::new("points", points, Access::Read, kind)
}

impl<'a> View<'a> for Points<'a> {
    unsafe fn of(entry: &Entry, context: &Context<'a>) -> Result<Self, Error> {
        let (n, d) = (context.sizes.n, context.sizes.d);
        let Kind::Points { ld, coordinates } = entry.kind else {
            return defect(entry);
        };
        // Without points the address does not matter.
        let base = match n {
            0 => core::ptr::dangling::<f64>().cast(),
            _ => entry.at,
        };
        let form = Form::of(context.chosen.layout, coordinates);
        // SAFETY: sizes, ld and alignment were checked; the memory is the contract.
        Ok(unsafe { Points::from_raw(base, n, d, ld, form) })
    }
}

/// The squared distances between all points and all centers, in rows so many doubles apart.
pub(super) fn distance_rows<'a>(sqdist: *mut f64, ld: usize) -> Typed<RowsMut<'a>> {
    let kind = Kind::Distances { ld };
    Typed::new("sqdist", sqdist, Access::Written, kind)
}

impl<'a> View<'a> for RowsMut<'a> {
    unsafe fn of(entry: &Entry, context: &Context<'a>) -> Result<Self, Error> {
        let (n, k) = (context.sizes.n, context.sizes.k);
        let Kind::Distances { ld } = entry.kind else {
            return defect(entry);
        };
        // SAFETY: sizes, ld and alignment were checked; the memory is the contract, and overlaps no other argument.
        Ok(unsafe { RowsMut::from_raw(entry.at.cast::<f64>().cast_mut(), n, k, ld) })
    }
}

/// The options, and the weights among them.
pub(super) struct Choice {
    weights: Option<Entry>,
    options: Entry,
}

/// The options, and what a call does with the weights among them. NULL means the defaults.
pub(super) fn choice(options: *const centra_options, weights: Weights) -> Choice {
    let of_weights = |used| {
        let absent = core::ptr::null::<f64>();
        Entry::new("weights", absent, Access::Read, Kind::Weights { used })
    };
    Choice {
        weights: match weights {
            Weights::Used => Some(of_weights(true)),
            Weights::Ignored => Some(of_weights(false)),
            Weights::Unseen => None,
        },
        options: Entry::new("options", options, Access::Read, Kind::Options),
    }
}

impl<'a> Argument<'a> for Choice {
    type View = Chosen<'a>;
    const ENTRIES: usize = 2;

    fn list<'e>(&'e mut self, list: &mut List<'e>) {
        if let Some(weights) = &mut self.weights {
            list.add(weights);
        }
        list.add(&mut self.options);
    }

    unsafe fn view(&self, context: &Context<'a>) -> Result<Chosen<'a>, Error> {
        Ok(context.chosen.clone())
    }
}

/// The reduced range of all chunks of a stream.
pub(super) fn reduced_range<'a>(range: *const i32) -> Typed<Stream<'a>> {
    Typed::new("range", range, Access::Read, Kind::Range)
}

impl<'a> View<'a> for Stream<'a> {
    unsafe fn of(entry: &Entry, context: &Context<'a>) -> Result<Self, Error> {
        context.stream.map_or_else(|| defect(entry), Ok)
    }
}

/// The place of the report of a fit.
pub(super) struct ReportPlace<'a> {
    to: *mut centra_report,
    bytes: usize,
    memory: PhantomData<&'a mut centra_report>,
}

impl ReportPlace<'_> {
    pub(super) fn write(self, report: &Report) {
        // SAFETY: an argument that was checked: not null, aligned, writable by the contract as far as its size says.
        unsafe { structs::write(self.to, self.bytes, &centra_report::new(report)) }
    }
}

pub(super) fn fit_report<'a>(report: *mut centra_report) -> Typed<Option<ReportPlace<'a>>> {
    Typed::new("report", report, Access::Written, Kind::Report)
}

impl<'a> View<'a> for ReportPlace<'a> {
    unsafe fn of(entry: &Entry, _: &Context<'a>) -> Result<Self, Error> {
        Ok(ReportPlace {
            to: entry.at.cast::<centra_report>().cast_mut(),
            bytes: entry.bytes(),
            memory: PhantomData,
        })
    }
}

/// The state of a fit of a stream, and its place.
pub(super) struct StatePlace<'a> {
    pub(super) state: State,
    place: Place<'a, centra_stream_state>,
}

impl StatePlace<'_> {
    /// Writes the current state.
    pub(super) fn write(self) {
        self.place.write(centra_stream_state::new(&self.state));
    }
}

pub(super) fn stream_state<'a>(state: *mut centra_stream_state) -> Typed<StatePlace<'a>> {
    Typed::new("state", state, Access::Written, Kind::State)
}

/// A state that is only read.
pub(super) fn known_state(state: *const centra_stream_state) -> Typed<State> {
    Typed::new("state", state, Access::Read, Kind::State)
}

impl View<'_> for State {
    unsafe fn of(entry: &Entry, _: &Context<'_>) -> Result<Self, Error> {
        // SAFETY: not null, aligned, and of this size, as was checked; readable by the contract.
        let raw = unsafe { entry.at.cast::<centra_stream_state>().read() };
        let stopped_by = match (raw.done, raw.stopped_by) {
            (0, _) => Some(None),
            (_, CENTRA_CONVERGED) => Some(Some(StoppedBy::Converged)),
            (_, CENTRA_TOLERANCE) => Some(Some(StoppedBy::Tolerance)),
            (_, CENTRA_MAX_ITER) => Some(Some(StoppedBy::MaxIter)),
            _ => None,
        };
        let (Some(stopped_by), 0..) = (stopped_by, raw.iterations) else {
            return refuse!(
                Option,
                "state: iterations = {}, stopped_by = {}; initialise it by centra_stream_state_init",
                raw.iterations,
                raw.stopped_by
            );
        };
        Ok(State {
            stopped_by,
            iterations: raw.iterations,
            moved: raw.moved,
            empty_clusters: raw.empty_clusters,
            shift: raw.shift,
            inertia: raw.inertia,
        })
    }
}

impl<'a> View<'a> for StatePlace<'a> {
    unsafe fn of(entry: &Entry, context: &Context<'a>) -> Result<Self, Error> {
        // SAFETY: the contract.
        unsafe {
            Ok(StatePlace {
                state: State::of(entry, context)?,
                place: Place::of(entry, context)?,
            })
        }
    }
}

/// The sum of some flags, as a call has it; the ones `known`.
pub(super) fn flags(name: &'static str, value: i32, known: i32) -> Typed<i32> {
    let kind = Kind::Flags { value, known };
    Typed::new(name, core::ptr::null::<u8>(), Access::Read, kind)
}

impl View<'_> for i32 {
    unsafe fn of(entry: &Entry, _: &Context<'_>) -> Result<Self, Error> {
        match entry.kind {
            Kind::Flags { value, .. } => Ok(value),
            _ => defect(entry),
        }
    }
}

/// A number that counts from 0.
pub(super) fn index(name: &'static str, value: i64) -> Typed<u64> {
    let kind = Kind::Index { value };
    Typed::new(name, core::ptr::null::<u8>(), Access::Read, kind)
}

impl View<'_> for u64 {
    unsafe fn of(entry: &Entry, _: &Context<'_>) -> Result<Self, Error> {
        match entry.kind {
            // It was found not to be negative.
            Kind::Index { value } => Ok(value.unsigned_abs()),
            _ => defect(entry),
        }
    }
}

/// The caller's workspace, or none.
pub(super) fn memory<'a>(workspace: *mut c_void, bytes: usize) -> Typed<Workspace<'a>> {
    let kind = Kind::Workspace { bytes };
    let start = workspace.cast::<u8>();
    Typed::new("workspace", start, Access::Written, kind)
}

impl<'a> View<'a> for Workspace<'a> {
    unsafe fn of(entry: &Entry, _: &Context<'a>) -> Result<Self, Error> {
        let Kind::Workspace { bytes } = entry.kind else {
            return defect(entry);
        };
        match (entry.at.is_null(), bytes) {
            (true, 0) => Ok(Workspace::Allocate),
            (true, _) => refuse!(Workspace, "workspace: null, but workspace_bytes = {bytes}"),
            // SAFETY: so many bytes by the contract; they overlap no other argument.
            (false, _) => unsafe { Workspace::given(entry.at.cast_mut(), bytes) },
        }
    }
}
