//! Holds the deployment against the code.
