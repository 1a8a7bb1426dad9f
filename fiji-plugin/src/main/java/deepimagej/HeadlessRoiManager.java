package deepimagej;

import ij.WindowManager;
import ij.plugin.frame.RoiManager;

import java.awt.Checkbox;
import java.awt.Component;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.util.ArrayList;

import javax.swing.DefaultListModel;
import javax.swing.JList;

/**
 * ImageJ's ROI Manager where there is no display.
 * <p>
 * ImageJ's own is a window, and Java refuses to construct one headless. This one is made without any
 * constructor and given the fields that the manager's methods use. Needs the Java option
 * <code>--add-opens=java.desktop/java.awt=ALL-UNNAMED</code> from Java 16 on.
 * </p>
 */
public class HeadlessRoiManager extends RoiManager {

	private static final long serialVersionUID = 1L;

	/**
	 * Makes this the ROI Manager of ImageJ.
	 *
	 * @throws ReflectiveOperationException if this ImageJ or Java has other fields
	 */
	public static void install() throws ReflectiveOperationException {
		final HeadlessRoiManager manager = allocate(HeadlessRoiManager.class);
		final DefaultListModel<String> titles = new DefaultListModel<>();
		final JList<String> list = new JList<>(titles);
		list.setFixedCellWidth(1); // else it is laid out anew for each ROI that is added
		list.setFixedCellHeight(1);
		put(Component.class, "objectLock", manager, new Object());
		put(RoiManager.class, "rois", manager, new ArrayList<Object>());
		put(RoiManager.class, "listModel", manager, titles);
		put(RoiManager.class, "list", manager, list);
		put(RoiManager.class, "showAllCheckbox", manager, allocate(Checkbox.class));
		put(RoiManager.class, "labelsCheckbox", manager, allocate(Checkbox.class));
		// As ImageJ's own fields begin; those that begin with 0 or false are so already.
		put(RoiManager.class, "defaultLineWidth", manager, 1);
		put(RoiManager.class, "firstTime", manager, true);
		put(RoiManager.class, "recordShowAll", manager, true);
		put(RoiManager.class, "translateX", manager, 10.0);
		put(RoiManager.class, "translateY", manager, 10.0);
		put(RoiManager.class, "multiCropShow", manager, true);
		put(RoiManager.class, "instance", null, manager);
		manager.setTitle("ROI Manager");
		WindowManager.addWindow(manager);
	}

	/** An object on which no constructor ran but Object's; the class is not in Java 8's own list. */
	static <T> T allocate(final Class<T> type) throws ReflectiveOperationException {
		final Class<?> factory = Class.forName("sun.reflect.ReflectionFactory");
		final Object instance = factory.getMethod("getReflectionFactory").invoke(null);
		final Constructor<?> constructor = (Constructor<?>) factory.getMethod(
			"newConstructorForSerialization", Class.class, Constructor.class).invoke(instance, type,
				Object.class.getConstructor());
		return type.cast(constructor.newInstance());
	}

	static void put(final Class<?> type, final String name, final Object target,
		final Object value) throws ReflectiveOperationException
	{
		final Field field = type.getDeclaredField(name);
		field.setAccessible(true);
		field.set(target, value);
	}

	// There is no window: closing it, as close("*") does, forgets the ROIs.

	@Override
	public void close() {
		reset();
	}

	@Override
	public void dispose() {
		reset();
	}

	@Override
	public void repaint() {
		// no window
	}

	@Override
	public void toFront() {
		// no window
	}

	@Override
	public void setVisible(final boolean visible) {
		// no window
	}

	@Override
	public boolean isVisible() {
		return false;
	}
}
