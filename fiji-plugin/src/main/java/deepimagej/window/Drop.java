package deepimagej.window;

import java.awt.datatransfer.DataFlavor;
import java.awt.datatransfer.Transferable;
import java.awt.datatransfer.UnsupportedFlavorException;
import java.io.File;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;

import javax.swing.TransferHandler;

/** Takes what is dropped on a window: files, or an address as text. */
final class Drop extends TransferHandler {

	private static final long serialVersionUID = 1L;

	private final transient Consumer<String> taken;

	/**
	 * @param taken gets the path or the address
	 */
	Drop(final Consumer<String> taken) {
		this.taken = taken;
	}

	@Override
	public boolean canImport(final TransferSupport support) {
		return support.isDrop() && (support.isDataFlavorSupported(DataFlavor.javaFileListFlavor) ||
			support.isDataFlavorSupported(DataFlavor.stringFlavor));
	}

	@Override
	public boolean importData(final TransferSupport support) {
		if (!canImport(support)) return false;
		try {
			taken.accept(source(support.getTransferable()));
			return true;
		}
		catch (final UnsupportedFlavorException | IOException problem) {
			return false; // the system then shows that nothing was taken
		}
	}

	private static String source(final Transferable data) throws UnsupportedFlavorException,
		IOException
	{
		if (data.isDataFlavorSupported(DataFlavor.javaFileListFlavor)) {
			final List<?> files = (List<?>) data.getTransferData(DataFlavor.javaFileListFlavor);
			return ((File) files.get(0)).getPath();
		}
		return ((String) data.getTransferData(DataFlavor.stringFlavor)).trim();
	}
}
