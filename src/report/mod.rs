//! Tables, SVG and HTML.
