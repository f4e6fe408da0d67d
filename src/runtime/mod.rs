//! What a call runs in: threads, the floating-point environment, one buffer cut into parts, and errors that carry their text.

pub(crate) mod error;
pub(crate) mod fp_environment;
pub(crate) mod threads;
pub(crate) mod workspace;
