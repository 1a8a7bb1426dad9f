package deepimagej.window;

import java.awt.BorderLayout;

import javax.swing.JLabel;
import javax.swing.JPanel;
import javax.swing.JProgressBar;
import javax.swing.Timer;

/** How far a job is. */
final class StatusPanel {

	private static final int INTERVAL = 100; // ms between two looks at the job
	private static final int STEPS = 1000;

	private final JPanel panel = new JPanel(new BorderLayout(0, 4));
	private final JLabel text = new JLabel(" ");
	private final JProgressBar bar = new JProgressBar(0, STEPS);
	private final Timer timer = new Timer(INTERVAL, event -> look());
	private Job job;

	StatusPanel() {
		text.setName("status");
		bar.setName("progress");
		panel.setOpaque(false);
		panel.add(text, BorderLayout.NORTH);
		panel.add(bar, BorderLayout.CENTER);
		bar.setVisible(false);
	}

	JPanel panel() {
		return panel;
	}

	void watch(final Job newJob) {
		job = newJob;
		bar.setIndeterminate(true);
		bar.setVisible(true);
		look();
		timer.start();
	}

	/** Ends the watch and says how the job ended. */
	void end(final String sentence) {
		timer.stop();
		job = null;
		bar.setVisible(false);
		tell(sentence);
	}

	void tell(final String sentence) {
		text.setText(sentence.isEmpty() ? " " : sentence);
		text.setToolTipText(sentence.isEmpty() ? null : sentence);
	}

	private void look() {
		tell(job.isCancelled() ? "Cancelling ..." : job.text());
		final double part = job.part();
		bar.setIndeterminate(part < 0);
		bar.setValue((int) Math.round(STEPS * Math.max(part, 0)));
	}
}
