//! The environment of a call: threads, floating-point control, a workspace that is cut into parts, and errors that carry their text.

pub(crate) mod error;
pub(crate) mod fp_environment;
pub(crate) mod inside;
pub(crate) mod threads;
pub(crate) mod workspace;
