<<<<<<< HEAD
//! One binary for all integration tests, by what a user does.

mod layers;
=======
//! One binary for every test that stands outside the program.

mod samples;
mod support;
>>>>>>> demo
