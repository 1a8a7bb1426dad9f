// From flows and cell probability to nuclei: every px walks along the flow to the centre of its
// nucleus. Leaves a label image, a ROI for each nucleus, and their measurements in Results.
cellprob = 0; // least cell probability of a px of a nucleus, before the sigmoid
flow = 0.8;   // largest error of the flows of a nucleus

base = replace(getTitle(), "_flows", "");
run("DeepImageJ Cellpose Objects", "cellprob_thresh=" + cellprob + " flow_thresh=" + flow);
rename(base + "_labels");
run("Set Measurements...", "area centroid shape redirect=None decimal=3");
for (nucleus = 0; nucleus < roiManager("count"); nucleus++) {
    roiManager("select", nucleus);
    run("Measure");
}
run("Select None");
