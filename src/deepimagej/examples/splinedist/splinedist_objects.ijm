// From object probability and control points to nuclei: SplineDist's non-maximum suppression.
// Leaves a label image, a ROI for each nucleus, and their measurements in Results.
prob = 0.4; // how sure the network must be of a nucleus
nms = 0.3;  // part of the smaller of two nuclei that the other may cover
grid = 2;   // px of the image for a px of the network's output

base = replace(getTitle(), "_output", "");
run("DeepImageJ SplineDist Objects", "grid=" + grid + " prob_thresh=" + prob + " nms_thresh=" + nms);
rename(base + "_labels");
run("Set Measurements...", "area centroid shape redirect=None decimal=3");
for (nucleus = 0; nucleus < roiManager("count"); nucleus++) {
    roiManager("select", nucleus);
    run("Measure");
}
run("Select None");
