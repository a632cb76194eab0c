//! The viewer's window: events in, pictures out.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::AcqRel},
    },
    time::{Duration, Instant},
};

use winit::{
    application::ApplicationHandler,
    dpi::LogicalSize,
    event::{ElementState, KeyEvent, WindowEvent},
    event_loop::{ActiveEventLoop, ControlFlow, EventLoop},
    keyboard::{Key, NamedKey},
    window::{Fullscreen, Window, WindowId},
};

use yolov4::{
    Error, Gpu, Result,
    low_level::{
        detect::draw,
        video::ffmpeg,
        view::{Panel, Quad, Scene, Summary, View, Wake, fit},
    },
};

use crate::viewer::{
    Display, Each, Hud, Session, Stop,
    commands::free_name,
    display,
    keys::{self, Action},
    surface::{Present, WindowSurface},
};

/// Height of a line of the HUD, in logical pixels.
const UI: f32 = 14.0;
/// How long a message stays.
const STAY: Duration = Duration::from_secs(4);
/// The longest time without a look at source and device.
const NAP: Duration = Duration::from_millis(100);

/// How it is shown.
#[derive(Clone, Debug, Default)]
pub struct WindowOptions {
    /// Handing over.
    pub present: Present,
    /// Left and right exchanged.
    pub mirror: bool,
    /// Font of labels and HUD instead of the shipped one.
    pub font: Option<Vec<u8>>,
    /// Stays open when the source has ended.
    pub stay: bool,
    /// Closes it from elsewhere.
    pub stop: Stop,
}

/// Opens a window on what `make` makes, until it is closed.
///
/// # Errors
/// [`Error::Usage`] without a display; [`Error::Display`] if it goes; of `make`; what cannot be gone on from.
pub fn run(
    make: impl FnOnce(Wake, Display) -> Result<Session> + 'static,
    options: WindowOptions,
    each: Box<Each<'static>>,
) -> Result<Summary> {
    let event_loop = EventLoop::<()>::with_user_event().build().map_err(|_| display::missing())?;
    let proxy = event_loop.create_proxy();
    let woken = Arc::<AtomicBool>::default();
    let own = Arc::clone(&woken);
    let wake: Wake = Arc::new(move || {
        if !own.swap(true, AcqRel) {
            // The loop is gone only when everything is.
            let _ = proxy.send_event(());
        }
    });
    let display: Display = Arc::new(event_loop.owned_display_handle());
    let mut viewer = Viewer {
        make: Some(Box::new(move || make(wake, display))),
        woken,
        due: Instant::now(),
        options,
        each,
        stage: None,
        hud: Hud { figures: true, ..Hud::default() },
        said: None,
        title: (String::new(), Instant::now()),
        outcome: None,
    };
    event_loop.run_app(&mut viewer).map_err(|e| display::gone(&e))?;
    viewer.outcome.unwrap_or_else(|| Err(display::closed()))
}

struct Viewer {
    make: Option<Box<dyn FnOnce() -> Result<Session>>>,
    /// There is something to look at.
    woken: Arc<AtomicBool>,
    /// When source and device are looked at without being woken.
    due: Instant,
    options: WindowOptions,
    each: Box<Each<'static>>,
    stage: Option<Open>,
    hud: Hud,
    said: Option<Instant>,
    title: (String, Instant),
    outcome: Option<Result<Summary>>,
}

/// What there is once there is a window.
struct Open {
    window: Arc<Window>,
    session: Session,
    /// Before the canvas it draws on.
    scene: Scene,
    canvas: WindowSurface,
    panel: Vec<Quad>,
    /// The surface had no picture to draw into in time: what is new is not on the screen yet.
    owed: bool,
}

impl ApplicationHandler<()> for Viewer {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        let Some(make) = self.make.take() else { return };
        match self.open(event_loop, make) {
            Ok(stage) => self.stage = Some(stage),
            Err(e) => self.end(event_loop, Some(e)),
        }
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        // Here, once, and not at each call of `wake`: where a look takes longer than a frame, a loop that empties its
        // queue of calls first would come to no key and no drawing any more. And at the latest when it is due, which no event puts off.
        if self.woken.swap(false, AcqRel) || Instant::now() >= self.due {
            self.advance(event_loop);
            self.due = Instant::now() + NAP;
        }
        event_loop.set_control_flow(ControlFlow::WaitUntil(self.due));
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        let outcome = match event {
            WindowEvent::CloseRequested => return self.end(event_loop, None),
            WindowEvent::Resized(size) => {
                if let Some(stage) = &mut self.stage {
                    stage.canvas.resize(size.width, size.height);
                    stage.window.request_redraw();
                }
                Ok(())
            }
            WindowEvent::ScaleFactorChanged { .. } => self.stage.as_mut().map_or(Ok(()), |stage| {
                stage.window.request_redraw();
                stage.scene = scene(&stage.session, &stage.canvas, &stage.window, &self.options)?;
                Ok(())
            }),
            WindowEvent::RedrawRequested => self.draw(),
            WindowEvent::DroppedFile(path) => self.dropped(path),
            WindowEvent::KeyboardInput {
                event: KeyEvent { logical_key, state: ElementState::Pressed, repeat, .. },
                ..
            } => match action(&logical_key) {
                Some(Action::Quit) => return self.end(event_loop, None),
                Some(action) if repeat && !action.repeats() => Ok(()),
                Some(action) => self.act(action),
                None => Ok(()),
            },
            _ => Ok(()),
        };
        match outcome {
            // The next look builds it again.
            Ok(()) | Err(Error::DeviceLost(_)) => {}
            Err(e) => self.end(event_loop, Some(e)),
        }
    }
}

fn action(key: &Key) -> Option<Action> {
    match key {
        Key::Character(text) => keys::action(&text.to_lowercase()),
        Key::Named(NamedKey::Space) => keys::action("Space"),
        Key::Named(named) => keys::action(&format!("{named:?}")),
        _ => None,
    }
}

/// The device that draws: a session with a window has one.
fn device(session: &Session) -> Result<&Gpu> {
    session.gpu().ok_or_else(|| Error::NoAdapter("a window needs one".into()))
}

fn scene(session: &Session, canvas: &WindowSurface, window: &Window, options: &WindowOptions) -> Result<Scene> {
    let names = session.live().detector().class_names();
    let font = options.font.as_deref().unwrap_or(draw::FONT);
    let ui = (UI * window.scale_factor() as f32).round();
    Scene::new(device(session)?, canvas.format(), &names, font, ui)
}

impl Viewer {
    fn open(&self, event_loop: &ActiveEventLoop, make: Box<dyn FnOnce() -> Result<Session>>) -> Result<Open> {
        let attributes = Window::default_attributes().with_title("yolov4").with_inner_size(LogicalSize::new(960, 600));
        let window = Arc::new(event_loop.create_window(attributes).map_err(|e| display::no_window(&e))?);
        let mut session = make()?;
        session.capture_output.mirror = self.options.mirror;
        session.remember();
        let canvas = WindowSurface::new(device(&session)?, Arc::clone(&window), self.options.present)?;
        let scene = scene(&session, &canvas, &window, &self.options)?;
        Ok(Open { window, session, scene, canvas, panel: vec![], owed: false })
    }

    /// Ends with what was counted, or with an error.
    fn end(&mut self, event_loop: &ActiveEventLoop, error: Option<Error>) {
        if let Some(mut stage) = self.stage.take() {
            let summary = stage.session.finish();
            let (rest, said) = (stage.session.remaining(), stage.session.capture_output.saved());
            let told = (self.each)(&rest, &said);
            self.outcome = Some(summary.and_then(|summary| told.map(|()| summary)));
        }
        if let Some(error) = error {
            self.outcome = Some(Err(error));
        }
        event_loop.exit();
    }

    /// Looks at source and device; asks for a drawing if there is something new.
    fn advance(&mut self, event_loop: &ActiveEventLoop) {
        match self.look() {
            Ok(false) => {}
            Ok(true) => self.end(event_loop, None),
            Err(e) => self.end(event_loop, Some(e)),
        }
    }

    /// Returns whether it is over.
    fn look(&mut self) -> Result<bool> {
        let Some(stage) = &mut self.stage else { return Ok(false) };
        let progress = stage.session.advance()?;
        let fresh = progress.fresh || progress.rebuilt || stage.owed;
        if progress.rebuilt {
            let mirror = stage.session.capture_output.mirror;
            // The old surface goes first: a window has one.
            let canvas = WindowSurface::new(device(&stage.session)?, Arc::clone(&stage.window), self.options.present)?;
            stage.canvas = canvas;
            stage.scene = scene(&stage.session, &stage.canvas, &stage.window, &self.options)?;
            stage.session.capture_output.mirror = mirror;
        } else if progress.renamed {
            stage.scene = scene(&stage.session, &stage.canvas, &stage.window, &self.options)?;
        }
        (self.each)(&progress.outcomes, &progress.told())?;
        if let Some(last) = progress.said.last() {
            self.hud.message = Some(last.clone());
            self.said = Some(Instant::now());
        }
        if self.said.is_some_and(|at| at.elapsed() > STAY) {
            (self.hud.message, self.said) = (None, None);
        }
        if fresh || self.layout().as_ref() != self.stage.as_ref().map(|stage| &stage.panel) {
            self.redraw();
        }
        self.retitle();
        Ok(progress.over && !self.options.stay || self.options.stop.asked())
    }

    fn redraw(&self) {
        self.stage.iter().for_each(|stage| stage.window.request_redraw());
    }

    fn layout(&self) -> Option<Vec<Quad>> {
        let stage = self.stage.as_ref()?;
        let mut panel = Panel::default();
        let shown = stage.session.trails().and_then(|t| Some((t, stage.session.live().texture(t.slot()?)?.size())));
        if let Some((trails, size)) = shown {
            panel.quads = trails.dots(fit(size, stage.canvas.size()), stage.session.capture_output.mirror);
        }
        self.hud.layout(&mut panel, stage.scene.ui(), &stage.session, stage.canvas.size());
        Some(panel.quads)
    }

    fn draw(&mut self) -> Result<()> {
        let panel = self.layout().unwrap_or_default();
        let Some(stage) = &mut self.stage else { return Ok(()) };
        stage.panel = panel;
        let taken = match stage.canvas.take() {
            // The next look builds it again.
            Err(Error::DeviceLost(_)) => return Ok(()),
            other => other?,
        };
        stage.owed = taken.is_none();
        let Some((texture, target)) = taken else { return Ok(()) };
        let (slot, boxes) = stage.session.picture();
        let size = (texture.texture.width(), texture.texture.height());
        let view = View { size, slot, boxes, panel: &stage.panel, mirror: stage.session.capture_output.mirror };
        let gpu = device(&stage.session)?.clone();
        let mut encoder = gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        stage.scene.draw(&mut encoder, &target, stage.session.live(), &view)?;
        gpu.queue().submit([encoder.finish()]);
        stage.scene.submitted();
        stage.window.pre_present_notify();
        gpu.queue().present(texture);
        let time = stage.scene.drew()?;
        stage.session.presented(time);
        Ok(())
    }

    /// Says what runs, twice a second.
    fn retitle(&mut self) {
        let Some(stage) = &self.stage else { return };
        if self.title.1.elapsed() < Duration::from_millis(500) && !self.title.0.is_empty() {
            return;
        }
        let session = &stage.session;
        let detector = session.live().detector();
        let shape = detector.graph().input_shape();
        let pace = if self.hud.paused { "paused".into() } else { format!("{:.1} fps", session.pipeline.stats.fps()) };
        let title = format!(
            "yolov4 - {} - {} {}x{} {} - {} - {pace}",
            session.about(),
            detector.title(),
            shape.w,
            shape.h,
            session.request().precision.name(),
            detector.gpu().map_or_else(|| detector.player(), |gpu| gpu.report().name.clone()),
        );
        if title != self.title.0 {
            stage.window.set_title(&title);
        }
        self.title = (title, Instant::now());
    }

    fn say(&mut self, text: impl Into<String>) {
        self.hud.message = Some(text.into());
        self.said = Some(Instant::now());
    }

    fn act(&mut self, action: Action) -> Result<()> {
        let Some(stage) = &mut self.stage else { return Ok(()) };
        let session = &mut stage.session;
        let (conf, nms) = session.thresholds();
        let mut message = None;
        match action {
            Action::Pause => {
                self.hud.paused = !self.hud.paused;
                session.pause(self.hud.paused)?;
            }
            Action::Forward | Action::Back => {
                self.hud.paused = true;
                session.pause(true)?;
                if !session.step(action == Action::Back)? {
                    message = Some("that is the first frame that was kept".to_owned());
                }
            }
            Action::ConfUp => session.set_thresholds(conf + 0.05, nms)?,
            Action::ConfDown => session.set_thresholds(conf - 0.05, nms)?,
            Action::NmsUp => session.set_thresholds(conf, nms + 0.05)?,
            Action::NmsDown => session.set_thresholds(conf, nms - 0.05)?,
            Action::Hud => self.hud.figures = !self.hud.figures,
            Action::Help => self.hud.help = !self.hud.help,
            Action::Mirror => session.capture_output.mirror = !session.capture_output.mirror,
            Action::NextModel => {
                let request = session.next_request();
                if request == *session.request() {
                    message = Some("there is no other network in the cache: `yolov4 models fetch` brings some".into());
                } else {
                    session.change(request)?;
                }
            }
            Action::Precision => message = session.other_precision()?,
            Action::Screenshot => session.capture_output.screenshot(free_name("png")),
            Action::Record if session.capture_output.recording() => session.capture_output.stop(),
            Action::Record => {
                let ending = if ffmpeg::answers() { "mp4" } else { "mjpeg" };
                session.capture_output.record(free_name(ending));
            }
            Action::FullScreen => {
                let full = stage.window.fullscreen().is_none();
                stage.window.set_fullscreen(full.then_some(Fullscreen::Borderless(None)));
            }
            Action::NextCamera => message = session.next_camera()?,
            Action::Quit => {}
        }
        if let Some(message) = message {
            self.say(message);
        }
        self.redraw();
        Ok(())
    }

    /// A picture, a video, a network.
    fn dropped(&mut self, path: PathBuf) -> Result<()> {
        let Some(stage) = &mut self.stage else { return Ok(()) };
        match stage.session.dropped(&path) {
            Ok(text) => self.say(text),
            Err(e) => self.say(e.to_string()),
        }
        self.redraw();
        Ok(())
    }
}
