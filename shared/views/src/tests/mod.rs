//! What views make of whole groups and tasks.

mod golden;
mod golden_tasks;
mod hostile;
mod hostile_tasks;
mod pages;
mod shapes;
