//! Frames in, pictures with boxes out: what the viewer's window, its headless form and a web page share.
