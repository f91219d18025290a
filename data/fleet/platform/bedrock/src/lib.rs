//! Identifiers, the error catalogue and the runtime handle.

pub mod errors;
pub mod ids;
