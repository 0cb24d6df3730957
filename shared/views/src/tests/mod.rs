//! What views make of whole groups.

mod golden;
mod hostile;
mod shapes;
