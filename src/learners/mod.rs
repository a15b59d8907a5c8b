//! Learners that are not classical survival models. The only room that imports linfa's
//! algorithms and smartcore.
