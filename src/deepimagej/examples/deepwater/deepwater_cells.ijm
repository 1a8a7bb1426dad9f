// From the maps of markers and cells to labels: a watershed of the cells from the markers.
// Leaves a label image, and a ROI for each cell.
marker = 0.7;   // how sure the network must be that a px is the core of a cell
cell = 0.45;    // how sure it must be that a px is part of one
height = 0.2;   // how far a core must rise above its surroundings
radius = 3;     // px; smaller cores are dropped

base = replace(getTitle(), "_maps", "");
run("DeepImageJ DeepWater Objects", "markers=2 cells=4 marker_thresh=" + marker +
    " cell_thresh=" + cell + " radius=" + radius + " height=" + height + " dams=false");
rename(base + "_labels");
