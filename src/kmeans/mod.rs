//! The Rust API: settings by a builder, and the calls as its methods.
//!
//! | file | what it does |
//! |---|---|
//! | `settings` | the builder |
//! | `calls` | a fit, its two halves, starting centers, the inertia |
//! | `many` | many fits in one call |
//! | `pairs` | distances of all pairs, and what belongs to each cluster |
//! | `streams` | the calls on chunks |
//! | `workspace` | memory that calls share |

mod calls;
mod many;
mod pairs;
mod settings;
pub mod streams;
mod workspace;

pub use calls::Watched;
pub use many::Problem;
pub use pairs::Clusters;
pub use settings::{KMeans, Start};
pub use workspace::Workspace;
