package deepimagej.window;

import deepimagej.Answer;

import java.awt.BorderLayout;
import java.awt.Dimension;
import java.awt.FlowLayout;
import java.awt.event.InputEvent;
import java.awt.event.KeyEvent;
import java.awt.event.WindowAdapter;
import java.awt.event.WindowEvent;

import javax.swing.BorderFactory;
import javax.swing.JButton;
import javax.swing.JCheckBox;
import javax.swing.JFileChooser;
import javax.swing.JFrame;
import javax.swing.JLabel;
import javax.swing.JPanel;
import javax.swing.JTextField;

/** Installs models from a zip, a folder or an address; also what is dropped on it. */
final class InstallWindow {

	private static InstallWindow shown;

	private final JFrame frame = new JFrame("DeepImageJ Install Model");
	private final Desk desk;
	private final ModelList models = new ModelList(card -> {
		// the list shows what is there
	});
	private final JTextField source = new JTextField();
	private final JCheckBox replace = new JCheckBox("Replace a model of the same name");
	private final StatusPanel status = new StatusPanel();
	private final JButton choose = Widgets.button("choose", "Choose ...", 'o', this::choose);
	private final JButton install = Widgets.button("install source", "Install", 'I',
		() -> install(source.getText()));
	private final JButton cancel = Widgets.button("cancel install", "Cancel", 'C', this::cancel);
	private Job job;

	private InstallWindow(final Desk desk) {
		this.desk = desk;
		source.setName("source");
		source.putClientProperty("JTextField.placeholderText", "zip, folder or https://...");
		replace.setName("replace");
		replace.setMnemonic('R');
		final JPanel content = new JPanel(new BorderLayout(0, 12));
		content.setBorder(BorderFactory.createEmptyBorder(12, 12, 12, 12));
		content.add(top(), BorderLayout.NORTH);
		content.add(models.panel(), BorderLayout.CENTER);
		content.add(bottom(), BorderLayout.SOUTH);
		frame.setContentPane(content);
		frame.setName("install window");
		frame.getRootPane().setDefaultButton(install);
		frame.setDefaultCloseOperation(JFrame.DISPOSE_ON_CLOSE);
		frame.addWindowListener(new WindowAdapter() {

			@Override
			public void windowClosed(final WindowEvent event) {
				shown = null;
			}
		});
		final Drop drop = new Drop(this::install);
		frame.setTransferHandler(drop);
		content.setTransferHandler(drop);
		models.takeDrops(drop);
		Widgets.onKey(content, KeyEvent.VK_ESCAPE, 0, this::escape);
		Widgets.onKey(content, KeyEvent.VK_F, InputEvent.CTRL_DOWN_MASK, models::focusSearch);
		frame.setMinimumSize(new Dimension(480, 400));
		frame.setSize(600, 560);
		frame.setLocationByPlatform(true);
	}

	/** Shows the window; there is one. */
	static InstallWindow open(final Desk desk) {
		if (shown == null) {
			shown = new InstallWindow(desk);
			shown.enable();
			shown.reload("");
		}
		shown.frame.setVisible(true);
		shown.source.requestFocusInWindow();
		shown.frame.toFront();
		return shown;
	}

	/** Installs what is at a path or an address. */
	void install(final String from) {
		if (job != null || from.trim().isEmpty()) return;
		source.setText(from);
		final boolean isReplacing = replace.isSelected();
		final Job started = job = new Job("Reading " + from + " ...");
		enable();
		status.watch(started);
		Background.work(() -> desk.install(from.trim(), isReplacing, started), this::finish,
			this::finish);
	}

	private JPanel top() {
		final JLabel label = new JLabel("Model:");
		label.setDisplayedMnemonic('M');
		label.setLabelFor(source);
		final JLabel help = new JLabel("Drop a zip or a folder here, or name it. Its files are " +
			"checked before they are copied.");
		final JPanel line = new JPanel(new BorderLayout(8, 0));
		line.add(label, BorderLayout.LINE_START);
		line.add(source, BorderLayout.CENTER);
		line.add(choose, BorderLayout.LINE_END);
		final JPanel top = new JPanel(new BorderLayout(0, 8));
		top.add(help, BorderLayout.NORTH);
		top.add(line, BorderLayout.CENTER);
		top.add(replace, BorderLayout.SOUTH);
		return top;
	}

	private JPanel bottom() {
		final JPanel buttons = new JPanel(new FlowLayout(FlowLayout.TRAILING, 8, 0));
		buttons.add(cancel);
		buttons.add(install);
		final JPanel bottom = new JPanel(new BorderLayout(12, 0));
		bottom.add(status.panel(), BorderLayout.CENTER);
		bottom.add(buttons, BorderLayout.LINE_END);
		return bottom;
	}

	private void choose() {
		final JFileChooser chooser = new JFileChooser();
		chooser.setFileSelectionMode(JFileChooser.FILES_AND_DIRECTORIES);
		if (chooser.showDialog(frame, "Choose") == JFileChooser.APPROVE_OPTION) {
			source.setText(chooser.getSelectedFile().getPath());
		}
	}

	private void finish(final Answer answer) {
		job = null;
		enable();
		if (answer.isDone()) {
			final String name = answer.hint();
			status.end("Installed: " + name);
			reload(name);
			RunWindow.reloadAndChoose(name);
			Recording.record(answer.text());
		}
		else status.end(answer.isCancelled() ? "Cancelled. Nothing was changed."
			: "Nothing was installed.");
		if (!answer.isDone() && !answer.isCancelled()) ErrorDialog.show(frame, answer);
	}

	private void reload(final String choose) {
		Background.ask(desk::models, rows -> {
			models.fill(rows);
			if (!choose.isEmpty()) models.select(choose);
		}, failure -> ErrorDialog.show(frame, failure));
	}

	private void cancel() {
		if (job != null) job.cancel();
	}

	private void escape() {
		if (job != null) job.cancel();
		else frame.dispose();
	}

	private void enable() {
		install.setEnabled(job == null);
		choose.setEnabled(job == null);
		source.setEnabled(job == null);
		replace.setEnabled(job == null);
		cancel.setEnabled(job != null);
	}
}
