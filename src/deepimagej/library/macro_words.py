"""What a bundle's macro may use without being asked for: operations on images, tables and ROIs.

Data only; `macro_scan.py` reads it. Everything that is not named here needs the user's trust, so a
function or command that a later ImageJ adds is asked for, not let through. The names are those
of ImageJ 1.54 (`ij.macro.MacroConstants`, `ij.macro.Functions`, ``IJ_Props.txt``) and of the
plugins that published deepImageJ macros call.
"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KEYWORDS: Final = _words(
    """
    macro var if else while do for function return true false PI NaN break continue
    """
)

FUNCTIONS: Final = _words(
    """
    run invert selectWindow wait beep resetMinAndMax resetThreshold print write doWand
    setMinAndMax setThreshold setTool setForegroundColor setBackgroundColor makeLine makeOval
    makeRectangle moveTo lineTo drawLine requires autoUpdate updateDisplay drawString
    setPasteMode showStatus showProgress showMessage putPixel setPixel snapshot reset fill
    setColor setLineWidth changeValues selectImage exit setLocation getCursorLoc getLine
    getVoxelSize getHistogram getStatistics getBoundingRect getLut setLut
    getSelectionCoordinates showMessageWithCancel makeSelection setResult updateResults
    setBatchMode setJustification setZCoordinate getThreshold getPixelSize setupUndo
    saveSettings restoreSettings setKeyDown setFont getMinAndMax close setSlice newImage
    setAutoThreshold rename getSelectionBounds fillRect getRawStatistics floodFill
    restorePreviousTool setVoxelSize getLocationAndSize getDateAndTime setMetadata
    imageCalculator setRGBWeights makePolygon setSelectionName drawRect drawOval fillOval
    setOption showText setSelectionLocation getDimensions waitForUser makePoint makeText
    makeEllipse getDisplayedArea toScaled toUnscaled makeArrow makeRotatedRectangle getPixel
    abs cos exp floor log maxOf minOf pow round sin sqrt tan getTime getWidth getHeight random
    getResult getResultsCount getNumber nImages nSlices lengthOf nResults getImageID bitDepth
    selectionType atan isOpen isActive indexOf lastIndexOf charCodeAt getBoolean startsWith
    endsWith atan2 isNaN getZoom parseInt parseFloat isKeyDown getSliceNumber screenWidth
    screenHeight calibrate asin acos roiManager toolID is getValue matches getStringWidth
    selectionContains d2s toHex toBinary getTitle getString substring fromCharCode getInfo
    getDirectory getDir getArgument getImageInfo toLowerCase toUpperCase toString replace
    getMetadata selectionName getVersion getResultLabel getResultString trim charAt getProfile
    newArray split getFontList getList
    """
)

FORBIDDEN: Final = {
    "eval": "runs text as code",
    "runMacro": "runs another file as code",
    "call": "calls Java methods",
    "exec": "starts programs",
    "doCommand": "runs commands in the background",
    "open": "reads files or addresses",
    "save": "writes files",
    "saveAs": "writes files",
    "getFileList": "lists folders",
    "debug": "controls the interpreter",
    "dump": "shows the interpreter's memory",
    "newMenu": "changes menus",
}
"""Functions of the macro language that have a reason of their own to be asked for."""

NAMESPACES: Final = {
    "Array": """
        concat copy delete deleteIndex deleteValue fill filter findMaxima findMinima fourier
        getSequence getStatistics getVertexAngles invert print rankPositions resample reverse rotate
        show slice sort sortBy trim
    """,
    "Color": """
        background foreground getLut set setBackground setBackgroundValue setForeground
        setForegroundValue setLut toArray toString wavelengthToColor
    """,
    "Dialog": """
        addCheckbox addCheckboxGroup addChoice addImageChoice addMessage addNumber
        addRadioButtonGroup addSlider addString addToSameRow create createNonBlocking getCheckbox
        getChoice getImageChoice getLocation getNumber getRadioButton getString setInsets
        setLocation show
    """,
    "File": "getName getNameWithoutExtension name nameWithoutExtension separator",
    "Fit": "doFit f getEquation logResults nEquations nParams p plot rSquared showDialog",
    "IJ": """
        currentMemory deleteRows freeMemory getFullVersion getToolName log maxMemory pad
        redirectErrorMessages renameResults
    """,
    "Image": "copy height name paste removeScale title width",
    "List": """
        add clear get getList getSize getValue indexOf put reset set setList setMeasurements size
        toArrays fromArrays
    """,
    "Math": """
        abs acos asin atan atan2 ceil constrain cos erf exp floor log log10 map max min pow round
        sin sqr sqrt tan toDegrees toRadians
    """,
    "Overlay": """
        activateRoi activateSelection activateSelectionAndWait add addRoi addSelection clear copy
        drawEllipse drawLabels drawLine drawRect drawString fill flatten getBounds getSize getType
        hidden hide indexAt lineTo measure moveSelection moveTo paste pasteAndMerge remove removeRoi
        removeRois removeSelection selectable setFillColor setLabelColor setLabelFontSize
        setPosition setStrokeColor setStrokeWidth show size update useNamesAsLabels xor
    """,
    "Plot": """
        add addHistogram addText create drawGrid drawLine drawNormalizedLine drawVectors freeze
        getLimits getValues setAxisLabelSize setBackgroundColor setColor setFontSize setFormatFlags
        setFrameSize setJustification setLegend setLimits setLimitsToFit setLineWidth setLogScaleX
        setLogScaleY setOptions setXYLabels show showValues update
    """,
    "Property": "get getDicomTag getInfo getList getNumber getSliceLabel getValue set setList "
    "setSliceLabel setInfo",
    "Roi": """
        contains copy getBounds getContainedPoints getCoordinates getDefaultColor getDefaultGroup
        getDefaultStrokeWidth getFeretPoints getFillColor getFloatBounds getGroup getGroupNames
        getName getPointPosition getPosition getProperties getProperty getSplineAnchors
        getStrokeColor getStrokeWidth getType move paste remove selectNone setAntiAlias
        setDefaultGroup setDefaultStrokeWidth setFillColor setFontSize setGroup setGroupNames
        setJustification setMinStrokeWidth setName setPolygonSplineAnchors
        setPolylineSplineAnchors setPosition setProperty setStrokeColor setStrokeWidth
        setUnscalableStrokeWidth size translate
    """,
    "RoiManager": """
        associateROIsWithSlices delete getIndex getName restoreCentered rotate scale select
        selectByName selectGroup selectPosition selected setGroup setPosition size translate
        useNamesAsLabels
    """,
    "Stack": """
        getActiveChannels getDimensions getDisplayMode getFrameInterval getFrameRate
        getPointPosition getPosition getStatistics getUnits isHyperStack isHyperstack
        setActiveChannels setChannel setDimensions setDisplayMode setFrame setFrameInterval
        setFrameRate setPosition setSlice setTUnit setUnits setXUnit setYUnit setZUnit size swap
        toggleChannel
    """,
    "String": "append buffer format getResultsHeadings join pad resetBuffer setFontSize show trim",
    "Table": """
        allHeadings columnExists create deleteColumn deleteRows get getColumn getSelectionEnd
        getSelectionStart getString headings hideRowNumbers list rename renameColumn reset set
        setColumn setLocationAndSize setSelection showArrays showRowIndexes showRowNumbers size sort
        title update
    """,
}
"""Members that may be used, by the object that they belong to."""

FORBIDDEN_OBJECTS: Final = {
    "File": "reads, writes or deletes files",
    "Ext": "calls a plugin's functions",
    "IJ": "reads files",
    "Fit": "runs text as code",
    "Plot": "runs text as code",
    "Table": "reads or writes files, or runs text as code",
    "Overlay": "writes files",
    "RoiManager": "writes files",
    "Dialog": "reads files or opens addresses",
    "String": "reads or changes the clipboard",
    "List": "lists commands",
}
"""Why the other members of these objects are asked for."""

MEMBERS: Final = _words(
    """
    length contains startsWith endsWith matches replace replaceAll substring indexOf
    lastIndexOf toLowerCase toUpperCase trim charAt
    """
)
"""Members of strings and arrays."""

ROI_MANAGER: Final = frozenset((
    "add", "add & draw", "and", "associate", "centered", "combine", "count", "delete", "deselect",
    "draw", "fill", "index", "label", "list", "measure", "multi measure", "multi plot",
    "multi-measure", "multi-plot", "or (combine)", "remove channel info", "remove frame info",
    "remove slice info", "rename", "reset", "rotate", "scale", "select", "select all",
    "set color", "set fill color", "set line width", "show all", "show all with labels",
    "show all without labels", "show none", "size", "sort", "specify", "split", "translate",
    "update", "usenames", "xor",
))  # fmt: skip
"""Commands of `roiManager`; ``open``, ``save`` and ``save selected`` touch files."""
