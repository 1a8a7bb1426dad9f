package deepimagej.window;

import deepimagej.Answer;
import ij.ImagePlus;

import java.awt.BorderLayout;
import java.awt.CardLayout;
import java.awt.ComponentOrientation;
import java.awt.Dimension;
import java.awt.FlowLayout;
import java.awt.event.InputEvent;
import java.awt.event.KeyEvent;
import java.awt.event.WindowAdapter;
import java.awt.event.WindowEvent;

import javax.swing.BorderFactory;
import javax.swing.JButton;
import javax.swing.JCheckBox;
import javax.swing.JFrame;
import javax.swing.JLabel;
import javax.swing.JOptionPane;
import javax.swing.JPanel;
import javax.swing.JSplitPane;
import javax.swing.Timer;

/** The guided window: choose a model, read about it, choose how it runs, run it. */
final class RunWindow {

	private static final Dimension SMALLEST = new Dimension(800, 600);
	private static final int PAUSE = 250; // ms after the last key before choices are judged
	private static final String MODEL = "model", EMPTY = "empty";

	private static RunWindow shown;

	private final JFrame frame = new JFrame("DeepImageJ Run");
	private final Desk desk;
	private final ModelList models = new ModelList(this::choose);
	private final ModelPanel page;
	private final CardLayout cards = new CardLayout();
	private final JPanel right = new JPanel(cards);
	private final JLabel nothing = new JLabel("", JLabel.CENTER);
	private final StatusPanel status = new StatusPanel();
	private final Timer pause = new Timer(PAUSE, event -> judge());
	private final JButton run = Widgets.button("run", "Run", 'R', () -> start(false));
	private final JButton sample = Widgets.button("run sample", "Run on the sample image", 'S',
		() -> start(true));
	private final JButton cancel = Widgets.button("cancel", "Cancel", 'C', this::cancel);
	private volatile Card card;
	private Verdict verdict;
	private Job job;
	private int question;

	private RunWindow(final Desk desk) {
		this.desk = desk;
		page = new ModelPanel(desk, frame, this::changed);
		pause.setRepeats(false);
		right.add(page.panel(), MODEL);
		right.add(nothing, EMPTY);
		final JPanel content = new JPanel(new BorderLayout(0, 10));
		content.setBorder(BorderFactory.createEmptyBorder(10, 10, 10, 10));
		content.add(middle(), BorderLayout.CENTER);
		content.add(bottom(), BorderLayout.SOUTH);
		frame.setContentPane(content);
		frame.setName("run window");
		frame.getRootPane().setDefaultButton(run);
		frame.setDefaultCloseOperation(JFrame.DISPOSE_ON_CLOSE);
		frame.addWindowListener(new WindowAdapter() {

			@Override
			public void windowClosed(final WindowEvent event) {
				close();
			}

			@Override
			public void windowActivated(final WindowEvent event) {
				page.choices().refreshImages(); // another image may be the active one now
				changed();
			}
		});
		final Drop drop = new Drop(source -> InstallWindow.open(desk).install(source));
		frame.setTransferHandler(drop);
		content.setTransferHandler(drop);
		models.takeDrops(drop);
		keys(content);
		ImagePlus.addImageListener(page.choices());
		frame.applyComponentOrientation(ComponentOrientation.getOrientation(frame.getLocale()));
		frame.setMinimumSize(SMALLEST);
		frame.setSize(1040, 720);
		frame.setLocationByPlatform(true);
	}

	/** Shows the window; there is one. */
	static void open(final Desk desk) {
		if (shown == null) {
			shown = new RunWindow(desk);
			shown.enable();
		}
		shown.frame.setVisible(true);
		shown.frame.toFront();
		shown.reload("");
	}

	/** Lists the models again where the window is open, and chooses one of them. */
	static void reloadAndChoose(final String model) {
		if (shown != null) shown.reload(model);
	}

	private JSplitPane middle() {
		final JPanel left = new JPanel(new BorderLayout(0, 8));
		final JButton install = Widgets.button("install", "Install a model ...", 'I',
			() -> InstallWindow.open(desk));
		left.add(models.panel(), BorderLayout.CENTER);
		left.add(install, BorderLayout.SOUTH);
		left.setMinimumSize(new Dimension(190, 0));
		right.setMinimumSize(new Dimension(420, 0));
		final JSplitPane split = new JSplitPane(JSplitPane.HORIZONTAL_SPLIT, left, right);
		split.setDividerLocation(280);
		split.setBorder(null);
		return split;
	}

	private JPanel bottom() {
		final JPanel buttons = new JPanel(new FlowLayout(FlowLayout.TRAILING, 8, 0));
		final JCheckBox dark = new JCheckBox("Dark", Look.isDark());
		dark.setName("dark");
		dark.setMnemonic('k');
		dark.setVisible(Look.isSwitchable());
		dark.addActionListener(event -> Look.setDark(dark.isSelected()));
		buttons.add(dark);
		buttons.add(sample);
		buttons.add(cancel);
		buttons.add(run);
		final JPanel bottom = new JPanel(new BorderLayout(12, 0));
		bottom.add(status.panel(), BorderLayout.CENTER);
		bottom.add(buttons, BorderLayout.LINE_END);
		return bottom;
	}

	private void keys(final JPanel content) {
		Widgets.onKey(content, KeyEvent.VK_ESCAPE, 0, this::cancel);
		Widgets.onKey(content, KeyEvent.VK_F, InputEvent.CTRL_DOWN_MASK, models::focusSearch);
		Widgets.onKey(content, KeyEvent.VK_F1, 0, () -> TextWindow.open(frame, desk, "help"));
		Widgets.onKey(content, KeyEvent.VK_F5, 0, () -> {
			models.forget();
			reload("");
		});
		Widgets.onKey(content, KeyEvent.VK_W, InputEvent.CTRL_DOWN_MASK, frame::dispose);
	}

	private void close() {
		ImagePlus.removeImageListener(page.choices());
		pause.stop();
		shown = null;
	}

	private void reload(final String choose) {
		Background.ask(desk::models, rows -> {
			models.fill(rows);
			if (!choose.isEmpty()) {
				models.forget();
				models.select(choose);
			}
		}, this::fail);
	}

	/** Shows a model; null: there is none. */
	private void choose(final Card chosen) {
		card = chosen;
		verdict = null;
		enable();
		if (chosen == null || chosen.isBroken()) {
			nothing.setText(chosen == null ? "<html><center>There is no such model here yet." +
				"<br>Install one with the button on the left, or drop its zip on this window."
				: "<html><div style='width: 320px'><b>" + escape(chosen.name()) +
					"</b><br><br>This model cannot be used: " + escape(chosen.reason()));
			cards.show(right, EMPTY);
			return;
		}
		// While a search is typed many are chosen: who was left meanwhile is not asked about.
		Background.ask(() -> card == chosen ? desk.page(chosen.id()) : null, shownPage -> {
			if (card != chosen) return;
			page.show(shownPage);
			cards.show(right, MODEL);
			enable();
			judge();
		}, this::fail);
	}

	private static String escape(final String text) {
		return text.replace("&", "&amp;").replace("<", "&lt;");
	}

	private void changed() {
		if (job == null) pause.restart();
	}

	private void judge() {
		final Card asked = card;
		if (asked == null || asked.isBroken() || page.isEmpty() || job != null) return;
		final String[][] choices = page.choices().choices();
		final int number = ++question;
		Background.ask(() -> desk.judge(asked.id(), choices), answer -> {
			if (card != asked || number != question) return; // a newer question is under way
			verdict = answer;
			page.tell(answer);
			enable();
		}, this::fail);
	}

	/** Runs as the fields say now; what is illegal by now is refused by Python in the same words. */
	private void start(final boolean isSample) {
		if (job != null || card == null) return;
		final Card chosen = card;
		final String[][] choices = page.choices().choices();
		final Job started = job = new Job("Starting ...");
		enable();
		status.watch(started);
		Recording.suspend();
		Background.work(() -> Recording.unrecorded(() -> isSample ? desk.runSample(chosen.id(), choices,
			started) : desk.run(chosen.id(), choices, started)), answer -> finish(chosen, isSample, answer),
			failure -> finish(chosen, isSample, failure));
	}

	private void finish(final Card chosen, final boolean isSample, final Answer answer) {
		job = null;
		page.choices().holdImages();
		enable();
		page.choices().refreshImages();
		Recording.resume(isSample || !answer.isDone() ? null : answer.text());
		if (answer.isDone()) {
			status.end(answer.hint());
			page.keepLine(answer.text());
		}
		else if (answer.isUntrusted()) status.end("");
		else status.end(answer.isCancelled() ? "Cancelled. Nothing was changed." : "The run failed.");
		if (answer.isUntrusted()) askForTrust(chosen, isSample, answer);
		else if (!answer.isDone() && !answer.isCancelled()) ErrorDialog.show(frame, answer);
		changed();
	}

	private void askForTrust(final Card chosen, final boolean isSample, final Answer answer) {
		final String[] ways = { "Trust and run", "Do not run" };
		final JLabel text = new JLabel("<html><div style='width: 380px'>" + escape(answer.text()) +
			"<br><br>Such code can do anything that you can do on this computer. Its source is on " +
			"the tab <i>Steps</i>. Trust it only if you trust its author.");
		final int way = JOptionPane.showOptionDialog(frame, text, "Code of a model",
			JOptionPane.DEFAULT_OPTION, JOptionPane.WARNING_MESSAGE, null, ways, ways[1]);
		if (way != 0) return;
		Background.ask(() -> {
			desk.trust(chosen.id());
			return chosen;
		}, trusted -> start(isSample), this::fail);
	}

	private void cancel() {
		if (job != null) job.cancel();
	}

	private void fail(final Answer failure) {
		status.tell(failure.text());
		ErrorDialog.show(frame, failure);
	}

	private void enable() {
		final boolean isIdle = job == null && card != null && !card.isBroken() && !page.isEmpty();
		run.setEnabled(isIdle && verdict != null && verdict.isLegal());
		sample.setEnabled(isIdle && card.isReady() && page.hasSample());
		cancel.setEnabled(job != null);
		page.choices().setEnabled(job == null);
	}
}
